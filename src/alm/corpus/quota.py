"""How much of a source is enough: ``max_docs`` documents, or the bytes of ``target_tokens``."""

from fractions import Fraction
from math import ceil
from typing import Self

from alm.config import SourceConfig

RESERVE = Fraction(6, 5)  # what cleaning, filters and a wrong guess of bytes per token may take


class Quota:
    """Count the documents of one source until they are enough.

    A source stops after the first document at which a limit is reached. The limit in bytes is
    ``target_tokens * bytes_per_token * 6/5``, in exact arithmetic, rounded up; stage pack, which
    knows the tokens, stops at the target itself.

    Args:
        max_docs: documents that are enough; None sets no limit.
        max_bytes: bytes of text in UTF-8 that are enough; None sets no limit.
    """

    def __init__(self, max_docs: int | None, max_bytes: int | None) -> None:
        self._max_docs = max_docs
        self._max_bytes = max_bytes
        self._n_docs = 0
        self._n_bytes = 0

    @classmethod
    def of(cls, source: SourceConfig) -> Self:
        """Return the quota of a source; most kinds have no limit."""
        target = getattr(source, "target_tokens", None)
        limit = Fraction(source.bytes_per_token) * target * RESERVE if target else None
        return cls(getattr(source, "max_docs", None), None if limit is None else ceil(limit))

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._max_docs is not None or self._max_bytes is not None

    def note(self, n_bytes: int) -> None:
        """Note a document."""
        self._n_docs += 1
        self._n_bytes += n_bytes

    def reached(self) -> str | None:
        """Return which limit was reached, None where there is room for more."""
        if self._max_docs is not None and self._n_docs >= self._max_docs:
            return "max_docs"
        if self._max_bytes is not None and self._n_bytes >= self._max_bytes:
            return "target_tokens"
        return None
