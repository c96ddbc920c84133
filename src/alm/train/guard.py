"""Whether a step may train: what is not finite never does, nor what is far from all before it.

What the guard remembers is part of the saved state, and its verdict depends on that and on the
step's two figures alone. So a resumed run judges as the undisturbed one does.
"""

import math
import statistics
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Self

WINDOW = 64  # losses that a new one is compared with
LEAST_LOSSES = WINDOW // 2  # before any is called a spike
LEAST_DEVIATION = 0.02  # nats; on text without surprises the losses' own comes near 0
MAX_SPIKES = 4  # in a row; the next is no spike but the text as it now is
MAX_SKIPS = 10  # steps in a row that may come out non-finite before the run gives up


class Verdict(Enum):
    """What becomes of a step."""

    TRAIN = "trains"
    NEW_LEVEL = "trains, as the level that losses now have"
    NO_TARGET = "has nothing to learn from"
    SPIKE = "is left out, its loss far above the recent ones"
    NOT_FINITE = "is left out, as not finite"
    OVERFLOW = "is left out, its gradient too large for float16; the scale of the loss is halved"

    @property
    def trains(self) -> bool:
        """Whether the weights move."""
        return self in {Verdict.TRAIN, Verdict.NEW_LEVEL}

    @property
    def is_news(self) -> bool:
        """Whether somebody should hear of it."""
        return self not in {Verdict.TRAIN, Verdict.NO_TARGET}


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What a run remembers of its steps in order to judge the next."""

    losses: tuple[float, ...]
    """The last ones that trained, at most 64, in nats; empty where spikes are not looked for."""
    spikes: int
    """Steps left out because of their loss."""
    spikes_in_a_row: int
    skipped: int
    """Steps left out because they were not finite."""
    skipped_in_a_row: int

    @classmethod
    def start(cls) -> Self:
        """Return the memory of a run that has done nothing."""
        return cls(losses=(), spikes=0, spikes_in_a_row=0, skipped=0, skipped_in_a_row=0)

    @classmethod
    def from_state(cls, values: dict[str, Any]) -> Self:
        """Rebuild what :meth:`to_state` returned."""
        return cls(**{**values, "losses": tuple(values["losses"])})

    def to_state(self) -> dict[str, Any]:
        """Return the memory as plain data."""
        return {**asdict(self), "losses": list(self.losses)}


def judge(
    guard: Guard, loss: float | None, grad_norm: float, deviations: float
) -> tuple[Guard, Verdict]:
    """Decide on a step, and return what to remember.

    A spike is a loss more than ``deviations`` standard deviations above the mean of the last 64
    that trained, once there are 32; a deviation counts as 0.02 nats at least. After four spikes in
    a row the next one trains and begins a new window, so that text which is harder from here on
    cannot stall a run.

    Args:
        guard: what the steps before left.
        loss: mean over the step's targets, in nats; None where none counts.
        grad_norm: global norm of the gradient, before clipping.
        deviations: 0 lets any finite loss train.

    Reference:
        Chowdhery et al. 2022 (arXiv:2204.02311), section 5.1: a run goes on well without the
        batches of a spike. There a person goes back and leaves them out; here the step is not
        taken in the first place.
    """
    if loss is None:
        return guard, Verdict.NO_TARGET
    if not (math.isfinite(loss) and math.isfinite(grad_norm)):
        skipped, in_a_row = guard.skipped + 1, guard.skipped_in_a_row + 1
        return replace(guard, skipped=skipped, skipped_in_a_row=in_a_row), Verdict.NOT_FINITE
    guard = replace(guard, skipped_in_a_row=0)
    if not deviations:
        return guard, Verdict.TRAIN
    if not _is_spike(guard.losses, loss, deviations):
        losses = (*guard.losses, loss)[-WINDOW:]
        return replace(guard, losses=losses, spikes_in_a_row=0), Verdict.TRAIN
    if guard.spikes_in_a_row == MAX_SPIKES:
        return replace(guard, losses=(loss,), spikes_in_a_row=0), Verdict.NEW_LEVEL
    spikes, in_a_row = guard.spikes + 1, guard.spikes_in_a_row + 1
    return replace(guard, spikes=spikes, spikes_in_a_row=in_a_row), Verdict.SPIKE


def _is_spike(losses: tuple[float, ...], loss: float, deviations: float) -> bool:
    if len(losses) < LEAST_LOSSES:
        return False
    deviation = max(LEAST_DEVIATION, statistics.pstdev(losses))
    return loss > statistics.fmean(losses) + deviations * deviation
