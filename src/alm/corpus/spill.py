"""Pairs of integers put in order, with files for what memory should not hold."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alm.io import new_file

U64 = NDArray[np.uint64]

BUDGET_BYTES = 4 * 2**20  # of pairs that wait in memory
PREFIX_BITS = 8  # spilled pairs are read back by these first bits: 256 portions


class PairSorter:
    """Take pairs in any order; give them back in order, each once.

    Beyond the budget, pairs go to a file in order, and one portion of all files is read back at a
    time: that of one prefix of the first number. So a portion has all pairs of a first number, and
    what comes out is the same for every budget.

    Args:
        folder: for the files; it must not exist yet, and whoever made it clears it away.
        n_bits: bits that a first number can have.
        budget: bytes of pairs after which memory is emptied.
    """

    def __init__(self, folder: Path, n_bits: int, budget: int | None = None) -> None:
        self._folder = folder
        self._shift = np.uint64(max(n_bits - PREFIX_BITS, 0))
        self._budget = BUDGET_BYTES if budget is None else budget
        self._waiting: list[U64] = []
        self._n_bytes = 0
        self._bounds: list[NDArray[np.int64]] = []  # of each file: where each prefix begins, ends

    def add(self, first: U64, second: U64) -> None:
        """Take pairs, two arrays of shape (n,)."""
        pairs = np.stack([first, second], axis=1)
        self._waiting.append(pairs)
        self._n_bytes += pairs.nbytes
        if self._n_bytes > self._budget:
            self._spill()

    def portions(self) -> Iterator[tuple[U64, U64]]:
        """Yield the pairs in ascending order, cut only between different first numbers."""
        if not self._bounds:
            return iter([self._take().T] if self._waiting else [])
        self._spill()
        return (_in_order(self._read(prefix)).T for prefix in range(1 << PREFIX_BITS))

    def _take(self) -> U64:
        pairs = _in_order(np.concatenate(self._waiting))
        self._waiting, self._n_bytes = [], 0
        return pairs

    def _spill(self) -> None:
        if not self._waiting:
            return
        pairs = self._take()
        prefixes = pairs[:, 0] >> self._shift
        with new_file(self._place(len(self._bounds))) as file:
            file.write(pairs.tobytes())
        limits = np.arange((1 << PREFIX_BITS) + 1, dtype=np.uint64)
        self._bounds.append(np.searchsorted(prefixes, limits))

    def _read(self, prefix: int) -> U64:
        found = [np.empty((0, 2), np.uint64)]
        for number, bounds in enumerate(self._bounds):
            first, last = bounds[prefix], bounds[prefix + 1]
            if first < last:
                flat = np.fromfile(
                    self._place(number), np.uint64, 2 * (last - first), offset=16 * first
                )
                found.append(flat.reshape(-1, 2))
        return np.concatenate(found)

    def _place(self, number: int) -> Path:
        return self._folder / f"{number:06d}.pairs"


def _in_order(pairs: U64) -> U64:
    """Return pairs in ascending order without repetitions."""
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    is_new = np.ones(len(pairs), np.bool_)
    is_new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[is_new]
