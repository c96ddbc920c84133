"""What becomes of each document of a corpus: dropped for a twin, trained on, or held out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from alm.config import DedupConfig
from alm.corpus.clusters import Clusters, Duplicate, find_exact_duplicates, link_groups
from alm.corpus.document import Document
from alm.corpus.split import choose_validation

TRAIN, VAL = "train", "val"
SPLITS = (TRAIN, VAL)


@dataclass(frozen=True, slots=True)
class Plan:
    """The fate of documents, by their place in the input."""

    duplicates: dict[int, Duplicate]
    splits: tuple[str, ...]
    """Split of each document's cluster; a dropped one has its twin's."""
    n_clusters: int

    @classmethod
    def make(cls, documents: Iterable[Document], config: DedupConfig, seed: int) -> Self:
        """Read every document once, keeping a digest of each.

        Raises:
            InputError: there are fewer than two clusters to divide.
        """
        digests: list[bytes] = []
        groups: list[str | None] = []
        for document in documents:
            digests.append(hashlib.sha256(document.text.encode("utf-8")).digest())
            groups.append(document.meta.get("group"))
        duplicates = find_exact_duplicates(digests)  # near-duplicates will be added here
        clusters = Clusters(len(digests))
        link_groups(clusters, groups)
        for each in duplicates:
            clusters.link(each.dropped, each.kept)
        # The smallest member of a cluster is never a dropped one: its twin would be smaller.
        keys = [digests[clusters.find(i)] for i in range(len(digests))]
        held_out = choose_validation(keys, seed, config.val_fraction)
        return cls(
            duplicates={each.dropped: each for each in duplicates},
            splits=tuple(VAL if key in held_out else TRAIN for key in keys),
            n_clusters=len(set(keys)),
        )
