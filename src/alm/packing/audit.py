"""Encode some documents of every shard again, in the plainest way, and compare."""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from alm.data import PackedDocument, ShardReader
from alm.errors import IntegrityError
from alm.packing.encoded import Encoder, Placed, frame
from alm.work import Unit

STRIDE = 100  # one document of so many, and the first of every shard


class Ledger:
    """Notes where the documents of a split stand in their file: 16 bytes each."""

    def __init__(self) -> None:
        self._starts = array("Q")
        self._stops = array("Q")

    def note(self, placed: Iterator[Placed]) -> Iterator[PackedDocument]:
        """Pass documents on, noting the place of each."""
        for each in placed:
            self._starts.append(each.start)
            self._stops.append(each.stop)
            yield each.document

    def locate(self, ordinal: int, path: Path) -> Unit:
        """Return the document with this place in the stream, as a unit of ``path``."""
        return Unit(ordinal, path.stem, path, self._starts[ordinal], self._stops[ordinal])


def audit(root: Path, shards: Sequence[str], path: Path, ledger: Ledger, encoder: Encoder) -> int:
    """Compare what stands in the shards with plain encoding; return how many documents that were.

    Args:
        root: folder of the shards.
        shards: names of the files of a split, in order.
        path: the file that its documents came from.
        ledger: of the same split.
        encoder: with which it was packed.

    Raises:
        IntegrityError: a document has other tokens; the message names it.
    """
    first = n_audited = 0
    for name in shards:
        shard = ShardReader(root / name)
        start = shard.documents().start
        for i in range(0, len(start) - 1, STRIDE):
            tokens = shard.read(int(start[i]), int(start[i + 1]))
            _compare(tokens, ledger.locate(first + i, path), encoder, name)
            n_audited += 1
        first += len(start) - 1
    return n_audited


def _compare(tokens: np.ndarray, unit: Unit, encoder: Encoder, shard: str) -> None:
    for document, ids in encoder.encode_plain(unit):
        if not np.array_equal(tokens, frame(ids, encoder)):
            raise IntegrityError(
                f"{shard}: document {document.id!r} of {document.source} has other tokens than "
                "the tokenizer gives it by itself; this is a defect of alm, so report it with the "
                "document"
            )
