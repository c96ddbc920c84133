"""The dense feed-forward: two matrices up, a gate between them, one matrix down."""

import torch.nn.functional as F
from torch import Tensor, nn

from alm.model.projection import Projection


class FeedForward(nn.Module):
    """Compute ``down(silu(gate(x)) * up(x))``.

    Shape:
        (..., D) -> (..., D), F wide inside.

    Reference:
        Shazeer 2020 (arXiv:2002.05202), equation 6, FFN_SwiGLU.
    """

    def __init__(self, d_model: int, d_hidden: int) -> None:
        super().__init__()
        self.gate = Projection(d_model, d_hidden)
        self.up = Projection(d_model, d_hidden)
        self.down = Projection(d_hidden, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to the last dimension."""
        return self.down(swiglu(self.gate(x), self.up(x)))


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """Return ``silu(gate) * up``. No gelu anywhere: on a CPU its bits differ between processors."""
    return F.silu(gate) * up
