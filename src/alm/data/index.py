"""Where each document of a stream begins, where it comes from, and how long its text was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class DocumentIndex:
    """The documents of a stream in order, as parallel arrays."""

    start: np.ndarray
    """(n + 1,) uint64: position of each document's first token; the last is the stream's length."""
    source: np.ndarray
    """(n,) uint16: number of its source."""
    n_bytes: np.ndarray
    """(n,) uint64: UTF-8 bytes of its text."""

    def __len__(self) -> int:
        """Documents."""
        return len(self.source)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the index of streams laid one behind the other."""
        ends = np.cumsum([part.start[-1] for part in parts], dtype=np.uint64)
        begins = ends - np.array([part.start[-1] for part in parts], dtype=np.uint64)
        starts = [part.start[:-1] + begin for part, begin in zip(parts, begins, strict=True)]
        return cls(
            np.concatenate([*starts, ends[-1:]]),
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.n_bytes for part in parts]),
        )

    def select(self, chosen: np.ndarray) -> Self:
        """Return the index of the documents for which ``chosen`` is true, laid end to end."""
        lengths = np.diff(self.start)[chosen]
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
        return type(self)(start, self.source[chosen], self.n_bytes[chosen])

    def count_by_source(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return documents, tokens and bytes of each source, by name; 0 where it has none."""
        counts = {}
        lengths = np.diff(self.start)
        for i, name in enumerate(names):
            own = self.source == i
            counts[name] = {
                "docs": int(own.sum()),
                "tokens": int(lengths[own].sum()),
                "bytes": int(self.n_bytes[own].sum()),
            }
        return counts
