"""How many records of a source may be unusable before the source is taken for a wrong one."""

from alm.config import IngestConfig
from alm.corpus.sources import Reject
from alm.errors import InputError


class Limits:
    """Watch one source's records; the first bad one is remembered, to name it."""

    def __init__(self, source: str, config: IngestConfig) -> None:
        self._source = source
        self._config = config
        self._n = 0
        self._n_bad = 0
        self._run = 0
        self._first: Reject | None = None

    def note_good(self) -> None:
        """Note a record that could be used."""
        self._n += 1
        self._run = 0

    def note_bad(self, reject: Reject) -> None:
        """Note a record that was set aside.

        Raises:
            InputError: more than ``max_bad_run`` in a row were.
        """
        self._n += 1
        self._n_bad += 1
        self._run += 1
        self._first = self._first or reject
        if self._run > self._config.max_bad_run:
            self._fail(
                f"at most {self._config.max_bad_run} unusable records in a row "
                "(ingest.max_bad_run), found more"
            )

    def close(self) -> None:
        """Raise InputError when more than ``max_bad_fraction`` of the records were set aside."""
        if self._n_bad > self._config.max_bad_fraction * self._n:
            self._fail(
                f"at most {self._config.max_bad_fraction:.6g} of the records to be unusable "
                f"(ingest.max_bad_fraction), found {self._n_bad:,} of {self._n:,}"
            )

    def _fail(self, message: str) -> None:
        first = self._first
        raise InputError(
            f"source {self._source!r}: expected {message}; the first is {first.place}: "
            f"{first.reason} ({first.detail}); correct the input, or raise the limit"
        )
