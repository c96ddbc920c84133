"""How far a run is: plain numbers, saved with the weights."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from alm.train.guard import Guard


@dataclass(kw_only=True)
class Progress:
    """Counters that a resumed run continues with."""

    step: int
    """Optimizer steps behind us."""
    loss_sum: float
    """Losses since the last row of the loss table, added up."""
    loss_count: int
    guard: Guard
    """What it remembers, and how many steps it left out."""
    overflows: int
    """Steps left out because float16 could not hold their gradient."""
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
            guard=Guard.start(),
            overflows=0,
            best_loss=None,
            best_step=0,
            expert_load=[],
        )

    @classmethod
    def from_state(cls, values: dict[str, Any]) -> Self:
        """Rebuild what :meth:`to_state` returned."""
        return cls(**{**values, "guard": Guard.from_state(values["guard"])})

    def to_state(self) -> dict[str, Any]:
        """Return the counters as plain data."""
        return {**asdict(self), "guard": self.guard.to_state()}

    def add_loss(self, loss: float) -> None:
        """Count the loss of a step that trained."""
        self.loss_sum += loss
        self.loss_count += 1

    def take_mean_loss(self) -> float | None:
        """Return the mean loss since the last call; None where there was none."""
        mean = self.loss_sum / self.loss_count if self.loss_count else None
        self.loss_sum, self.loss_count = 0.0, 0
        return mean
