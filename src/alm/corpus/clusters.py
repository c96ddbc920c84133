"""Which documents belong together: a cluster never falls apart over the train/val split.

Every way of finding kin adds links to the same clusters, and may name a twin that is kept in a
document's place. Near-duplicates will be one more way.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A document that is dropped, and the one that stays in its place."""

    dropped: int
    kept: int
    kind: str


class Clusters:
    """Disjoint sets of the numbers below ``n``, each known by its smallest member."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

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


def find_exact_duplicates(digests: Sequence[bytes]) -> list[Duplicate]:
    """Return every document whose text an earlier one has to the byte; the first one is kept."""
    first: dict[bytes, int] = {}
    return [
        Duplicate(i, kept, "exact")
        for i, digest in enumerate(digests)
        if (kept := first.setdefault(digest, i)) != i
    ]


def link_groups(clusters: Clusters, groups: Sequence[str | None]) -> None:
    """Link documents that their source says come from one place, such as one file."""
    first: dict[str, int] = {}
    for i, group in enumerate(groups):
        if group is not None:
            clusters.link(first.setdefault(group, i), i)
