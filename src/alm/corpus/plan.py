"""What becomes of each document of a corpus: dropped for a twin, trained on, or held out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from alm.corpus.clusters import Clusters, link_groups
from alm.corpus.digests import Rows
from alm.corpus.jaccard import Edges
from alm.corpus.shingles import I64
from alm.corpus.split import choose_validation

TRAIN, VAL = "train", "val"
SPLITS = (TRAIN, VAL)
KEPT = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """The fate of documents, by their place in the input; each array of shape (n_documents,)."""

    twins: I64
    """The document that stays in its place, or ``KEPT``; it is kept itself."""
    jaccard: NDArray[np.float64]
    """Of a dropped document and its twin."""
    is_exact: NDArray[np.bool_]
    """Whether the twin has the same text to the byte."""
    is_val: NDArray[np.bool_]
    """Side of its cluster; a dropped document has its twin's."""
    n_clusters: int

    @classmethod
    def make(
        cls, rows: Rows, first: I64, edges: Iterable[Edges], seed: int, val_fraction: float
    ) -> Self:
        """Decide in the order of the documents, earlier ones having the better claim.

        A copy of a text goes with the first one that has it: it is dropped for that one, or where
        that one is dropped itself, for the same twin.

        Args:
            rows: what is known of the documents.
            first: for each document, the first one with its text.
            edges: near-duplicates among documents that are the first with their text.
            seed: of the split.
            val_fraction: expected share of the clusters that is held out.

        Raises:
            InputError: there are fewer than two clusters to divide.
        """
        clusters = Clusters(len(rows))
        link_groups(clusters, rows["group"])
        twins, jaccard = _choose_twins(len(rows), edges, clusters)
        is_exact = _drop_copies(first, twins, jaccard, clusters)
        roots = clusters.roots()
        # The smallest member of a cluster is never a dropped one: its twin would be smaller.
        members = np.flatnonzero(roots == np.arange(len(roots)))
        chosen = choose_validation(rows["sha256"][members], seed, val_fraction)
        is_val = chosen[np.searchsorted(members, roots)]
        return cls(twins, jaccard, is_exact, is_val, len(members))


def _choose_twins(
    n: int, edges: Iterable[Edges], clusters: Clusters
) -> tuple[I64, NDArray[np.float64]]:
    """Drop each document for the first kept one that is like it; link all that are alike."""
    twins, jaccard = np.full(n, KEPT, np.int64), np.zeros(n)
    for portion in edges:
        for i, j, found in zip(*(each.tolist() for each in portion), strict=True):
            clusters.link(i, j)
            if twins[i] == KEPT and twins[j] == KEPT:
                twins[i], jaccard[i] = j, found
    return twins, jaccard


def _drop_copies(
    first: I64, twins: I64, jaccard: NDArray[np.float64], clusters: Clusters
) -> NDArray[np.bool_]:
    """Drop all but the first of equal texts; tell which ones are dropped for the first itself."""
    copies = np.flatnonzero(first != np.arange(len(first)))
    for i in copies.tolist():
        clusters.link(i, int(first[i]))
    originals = first[copies]
    is_kept = twins[originals] == KEPT
    twins[copies] = np.where(is_kept, originals, twins[originals])
    jaccard[copies] = np.where(is_kept, 1.0, jaccard[originals])
    is_exact = np.zeros(len(first), np.bool_)
    is_exact[copies] = is_kept
    return is_exact
