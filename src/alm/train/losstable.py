"""The loss table: one row per ``log_every`` steps, part of the saved state.

A resumed run goes on with the rows it had, so the table of an interrupted run is that of an
undisturbed one, to the byte.
"""

import csv
import io
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from alm.io import rounded


@dataclass(frozen=True, kw_only=True)
class LossRow:
    """What is known after ``step`` steps."""

    step: int
    tokens: int
    loss: float | None
    """Mean over the steps since the row before, in nats per token; None where all were skipped or
    had no target."""
    val_loss: float | None
    """On held-out rows, where this step measured it and it was finite."""
    lr: float
    grad_norm: float | None
    """Before clipping, of the last step; None where it was not finite."""
    max_load: float | None
    """Tokens of the busiest expert over the mean, in the last step; None without experts."""
    weights: str | None
    """Imprint of all weights, where this step validated: where two runs part, it differs first."""


class LossTable:
    """Rows in order of steps."""

    def __init__(self, rows: list[LossRow]) -> None:
        self.rows = rows

    @classmethod
    def from_state(cls, rows: list[dict[str, Any]]) -> Self:
        """Rebuild the table that a saved state holds."""
        return cls([LossRow(**row) for row in rows])

    def to_state(self) -> list[dict[str, Any]]:
        """Return the table as plain data."""
        return [asdict(row) for row in self.rows]

    def add(self, row: LossRow) -> None:
        """Append a row, its floats rounded as tracked numbers are."""
        self.rows.append(LossRow(**rounded(asdict(row))))

    def to_csv(self) -> str:
        """Return the table as CSV with a header; what was not measured is empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [field.name for field in fields(LossRow)]
        writer.writerow(names)
        for row in self.rows:
            writer.writerow(
                ["" if getattr(row, name) is None else getattr(row, name) for name in names]
            )
        return text.getvalue()
