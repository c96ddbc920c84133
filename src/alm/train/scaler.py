"""Keep float16 gradients from vanishing: scale the loss up, and the gradients down again."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor

FIRST = 2.0**16
LEAST = 1.0
LARGEST = 2.0**24
FACTOR = 2.0
GROWTH_STEPS = 2000  # without an overflow, until a larger scale is tried


@dataclass(kw_only=True)
class LossScaler:
    """A factor for the loss that follows what float16 can hold.

    float16 has nothing below 6e-8, and most of a backward pass is smaller than that unless the
    loss, and with it every gradient, is made larger first. Too large a factor overflows: such a
    step is left out and the factor halved; after 2,000 steps without one it is doubled. Every
    factor is a power of two, so scaling up and down rounds nothing.

    Only float16 needs it: bfloat16 has the range of float32.

    Reference:
        Micikevicius et al. 2018 (arXiv:1710.03740), section 3.2: the scale, there chosen by hand,
        and leaving out a step that overflows. The numbers are those of ``torch.amp.GradScaler``,
        which is not used because it waits for the device once more, and because its state must be
        saved between any two steps.
    """

    scale: float
    good_steps: int
    """Since the scale last changed."""

    @classmethod
    def start(cls) -> Self:
        """Return the scaler of a run that has done nothing."""
        return cls(scale=FIRST, good_steps=0)

    def to_state(self) -> dict[str, Any]:
        """Return the scaler as plain data."""
        return asdict(self)

    def scale_up(self, loss: Tensor) -> Tensor:
        """Return the loss to take the gradient of."""
        return loss * self.scale

    @torch.no_grad()
    def scale_down(self, parameters: Iterable[Tensor]) -> None:
        """Make the gradients those of the loss itself, before they are clipped."""
        for param in parameters:
            if param.grad is not None:
                param.grad.mul_(1 / self.scale)

    def overflowed(self, loss: float | None, grad_norm: float) -> bool:
        """Take note of a step, and return whether it must be left out for a smaller scale.

        Args:
            loss: None where no target counts: such a step says nothing about the scale.
            grad_norm: after :meth:`scale_down`. Where it alone is not finite, the scale was too
                large, unless it is the least there is: then scaling is not what is wrong.
        """
        if loss is None or not math.isfinite(loss):
            return False
        if math.isfinite(grad_norm):
            self._count_good_step()
            return False
        too_large = self.scale > LEAST
        self.scale, self.good_steps = max(LEAST, self.scale / FACTOR), 0
        return too_large

    def _count_good_step(self) -> None:
        self.good_steps += 1
        if self.good_steps == GROWTH_STEPS:
            self.scale, self.good_steps = min(LARGEST, self.scale * FACTOR), 0
