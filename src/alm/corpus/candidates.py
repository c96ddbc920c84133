"""Pairs of documents that may be near-duplicates, from the keys that the parts hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alm.corpus.bands import find_pairs
from alm.corpus.shingles import I64, MULTIPLIER, U64
from alm.corpus.spill import PairSorter


@dataclass(frozen=True, slots=True)
class Candidates:
    """The keys of all documents, on disk; one band of one part is read at a time."""

    paths: Sequence[Path]
    """A file of every part: the keys, shape (n_bands, documents of the part)."""
    counts: Sequence[int]
    """Documents of each part."""
    n_bands: int
    is_compared: NDArray[np.bool_]
    """Whether a document is compared with others at all, shape (n_documents,)."""
    scopes: NDArray[np.uint16] | None
    """Documents are compared with those of the same number; None compares all."""

    def pairs(self, folder: Path) -> PairSorter:
        """Return the pairs (later, earlier) to compare.

        Args:
            folder: for what memory should not hold; whoever made it clears it away.
        """
        return find_pairs(self._read_band, self.n_bands, len(self.is_compared), folder)

    def _read_band(self, band: int) -> Iterator[tuple[U64, I64]]:
        first = 0
        for path, count in zip(self.paths, self.counts, strict=True):
            keys = np.fromfile(path, "<u8", count, offset=8 * band * count)
            documents = first + np.flatnonzero(self.is_compared[first : first + count])
            yield self._scoped(keys[documents - first], documents), documents
            first += count

    def _scoped(self, keys: U64, documents: I64) -> U64:
        """Make keys of different scopes differ."""
        if self.scopes is None:
            return keys
        return keys + self.scopes[documents].astype(np.uint64) * np.uint64(MULTIPLIER)
