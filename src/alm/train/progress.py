"""How far a run is: plain numbers, saved with the weights."""

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(kw_only=True)
class Progress:
    """Counters that a resumed run continues with."""

    step: int
    """Optimizer steps behind us."""
    loss_sum: float
    """Losses since the last row of the loss table, added up."""
    loss_count: int
    skipped_in_a_row: int
    """Steps just now whose loss or gradient was not finite, and which changed nothing."""
    skipped: int
    """All such steps."""
    best_loss: float | None
    """Lowest validation loss."""
    best_step: int
    expert_load: list[list[float]]
    """Share of tokens per expert in the last validation, for each mixture layer."""

    @classmethod
    def start(cls) -> Self:
        """Return the counters of a run that has done nothing."""
        return cls(
            step=0,
            loss_sum=0.0,
            loss_count=0,
            skipped_in_a_row=0,
            skipped=0,
            best_loss=None,
            best_step=0,
            expert_load=[],
        )

    def to_state(self) -> dict[str, Any]:
        """Return the counters as plain data."""
        return asdict(self)

    def take_mean_loss(self) -> float | None:
        """Return the mean loss since the last call; None where there was none."""
        mean = self.loss_sum / self.loss_count if self.loss_count else None
        self.loss_sum, self.loss_count = 0.0, 0
        return mean
