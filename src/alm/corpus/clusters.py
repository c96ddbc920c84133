"""Which documents belong together: a cluster never falls apart over the train/val split.

Every way of finding kin adds links to the same clusters: equal texts, near-duplicates, and what a
source says comes from one place.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

from alm.corpus.shingles import I64, U64


class Clusters:
    """Disjoint sets of the numbers below ``n``, each known by its smallest member.

    Eight bytes a number: they are not Python objects.
    """

    def __init__(self, n: int) -> None:
        self._parent = array("q", range(n))

    def find(self, i: int) -> int:
        """Return the smallest member of the cluster of ``i``."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def link(self, i: int, j: int) -> None:
        """Make one cluster of those of ``i`` and ``j``."""
        low, high = sorted((self.find(i), self.find(j)))
        self._parent[high] = low

    def roots(self) -> I64:
        """Return the smallest member of each number's cluster, shape (n,)."""
        return np.fromiter(map(self.find, range(len(self._parent))), np.int64, len(self._parent))


def find_first_copies(digests: U64) -> I64:
    """Return for each document the first one that has its text to the byte, shape (n,).

    Args:
        digests: SHA-256 of the texts, as four integers each, shape (n, 4).
    """
    order = np.lexsort(digests.T)  # stable: among equal ones, the first comes first
    begins = _begin_runs([digests[:, k] for k in range(digests.shape[1])], order)
    first = np.empty(len(order), np.int64)
    first[order] = order[_spread(begins)]
    return first


def link_groups(clusters: Clusters, groups: U64) -> None:
    """Link documents that their source says come from one place, such as one file.

    Args:
        clusters: of the documents.
        groups: hash of each document's place, 0 where there is none; shape (n,).
    """
    grouped = np.flatnonzero(groups)
    order = grouped[np.argsort(groups[grouped], kind="stable")]
    first = order[_spread(_begin_runs([groups], order))]
    for i, j in zip(order, first, strict=True):
        clusters.link(int(i), int(j))


def _begin_runs(columns: list[U64], order: I64) -> NDArray[np.bool_]:
    """Tell which places in an order begin a run of rows that are equal in all columns."""
    begins = np.zeros(len(order), np.bool_)
    begins[:1] = True
    for column in columns:
        ordered = column[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    return begins


def _spread(begins: NDArray[np.bool_]) -> I64:
    """Return for each place the last one before it, or itself, where a run begins."""
    return np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
