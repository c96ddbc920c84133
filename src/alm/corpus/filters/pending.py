"""Documents that wait for the scores of all others: one row of numbers each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from alm.io import write_bytes

COLUMNS = ("line", "source", "score", "n_bytes", "truth")


@dataclass(frozen=True, slots=True)
class Pending:
    """Rows of one part, in the order of its documents."""

    rows: np.ndarray
    """``(n, 5)`` int64: line of the part's documents, number of the source, score, bytes, truth."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        """Take rows of ``COLUMNS``."""
        return cls(np.array(rows, np.int64).reshape(-1, len(COLUMNS)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote."""
        return cls(np.fromfile(path, "<i8").astype(np.int64).reshape(-1, len(COLUMNS)))

    def write(self, path: Path) -> None:
        """Write the rows as little-endian integers."""
        write_bytes(path, self.rows.astype("<i8").tobytes())

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.rows)

    def column(self, name: str) -> np.ndarray:
        """Return one number of every document: ``(n,)`` int64."""
        return self.rows[:, COLUMNS.index(name)]
