"""Ids of one source's documents: an id stands for one text."""

import hashlib

from alm.corpus.digest_table import KEY, DigestTable
from alm.errors import InputError

FIRST, ALSO, COUNT = b"1", b"2", b"3"  # what an entry is about: see IdRegister


class IdRegister:
    """Remember which text each id stands for, in some dozen bytes an id.

    Ids that ingest makes itself differ by construction, and need no register. The table holds
    ``FIRST id`` -> digest of the first text, and, of an id with several, ``ALSO id text`` for each
    further one and ``COUNT id`` -> how many those are, which spares trying all their suffixes.

    Args:
        source: the source's name, for messages.
        suffix: whether a second text under one id gets an id of its own; else it is an error.
    """

    def __init__(self, source: str, *, suffix: bool) -> None:
        self._source = source
        self._suffix = suffix
        self._table = DigestTable()

    def claim(self, name: str, digest: bytes) -> str | None:
        """Return the id under which a text goes on; None where it stands there already.

        Args:
            name: the id that the source gives it.
            digest: 16 bytes of a digest of the text.

        Raises:
            InputError: the id stands for another text, and that is to be an error.
        """
        first = self._table.get(_key(FIRST, name))
        if first is None:
            self._table.set(_key(FIRST, name), digest)
            return name
        if digest == first or self._table.get(_key(ALSO, name, digest)) is not None:
            return None
        if not self._suffix:
            raise InputError(
                f"source {self._source!r}: expected one text per id, found two for {name!r}; "
                "correct the ids, or set ingest.on_id_conflict to suffix"
            )
        self._table.set(_key(ALSO, name, digest), digest)
        return self._free_name(name, digest)

    def _free_name(self, name: str, digest: bytes) -> str:
        count = int.from_bytes(self._table.get(_key(COUNT, name)) or b"", "little") + 1
        self._table.set(_key(COUNT, name), count.to_bytes(KEY, "little"))
        number = count + 1
        while self._table.get(_key(FIRST, free := f"{name}~{number}")) is not None:
            number += 1
        self._table.set(_key(FIRST, free), digest)
        return free


def _key(about: bytes, name: str, digest: bytes = b"") -> bytes:
    return hashlib.sha256(about + digest + name.encode("utf-8")).digest()[:KEY]
