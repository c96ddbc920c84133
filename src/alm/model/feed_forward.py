"""The dense feed-forward: two matrices up, a gate between them, one matrix down."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.fusion import kernel
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
    """Return ``silu(gate) * up``. No gelu anywhere: on a CPU its bits differ between processors.

    Kept for the backward pass are ``gate`` and ``up`` alone: silu is cheaper to compute again than
    to keep.
    """
    # Always as rows: a kernel is compiled anew for tensors of other dimensions.
    return _SwiGLU.apply(gate.flatten(0, -2), up.flatten(0, -2)).view_as(gate)


class _SwiGLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return gate_up(gate, up)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, Tensor]:
        return gate_gradient(grad, *ctx.saved_tensors)


@kernel
def gate_up(gate: Tensor, up: Tensor) -> Tensor:
    """Return ``silu(gate) * up``."""
    return F.silu(gate).mul_(up)


@kernel
def gate_gradient(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of ``gate`` and ``up`` from that of ``silu(gate) * up``."""
    grad_gate = torch.ops.aten.silu_backward(grad * up, gate)
    return grad_gate, F.silu(gate).mul_(grad)
