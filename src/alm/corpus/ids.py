"""Ids of one source's documents: an id stands for one text."""

from collections import defaultdict

from alm.errors import InputError


class IdRegister:
    """Remember which text each id stands for.

    Args:
        source: the source's name, for messages.
        suffix: whether a second text under one id gets an id of its own; else it is an error.
    """

    def __init__(self, source: str, *, suffix: bool) -> None:
        self._source = source
        self._suffix = suffix
        self._texts: dict[str, bytes] = {}
        self._later: defaultdict[str, set[bytes]] = defaultdict(set)  # of ids with several texts

    def claim(self, name: str, digest: bytes) -> str | None:
        """Return the id under which a text goes on; None where it stands there already.

        Raises:
            InputError: the id stands for another text, and that is to be an error.
        """
        if name not in self._texts:
            self._texts[name] = digest
            return name
        if self._texts[name] == digest or digest in self._later[name]:
            return None
        if not self._suffix:
            raise InputError(
                f"source {self._source!r}: expected one text per id, found two for {name!r}; "
                "correct the ids, or set ingest.on_id_conflict to suffix"
            )
        self._later[name].add(digest)
        return self._free_name(name, digest)

    def _free_name(self, name: str, digest: bytes) -> str:
        number = len(self._later[name]) + 1
        while (free := f"{name}~{number}") in self._texts:
            number += 1
        self._texts[free] = digest
        return free
