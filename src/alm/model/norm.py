"""Root-mean-square normalisation, with statistics in float32."""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.fusion import kernel
from alm.model.precision import activation_dtype


class RMSNorm(nn.Module):
    """Scale vectors to a root mean square of 1, then each component by a learnt factor.

    ``y = w * x / sqrt(mean(x^2) + eps)``. There is no mean to subtract and no bias, as LayerNorm
    has, whose gradient on a CPU also depends on the number of threads.

    Shape:
        (..., n) -> (..., n), in the dtype of the activations.

    Reference:
        Zhang and Sennrich 2019 (arXiv:1910.07467), equation 4, with eps added under the root.
    """

    def __init__(self, n: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return _Normalise.apply(x, self.weight, self.eps, activation_dtype(x))


class _Normalise(torch.autograd.Function):
    """Keep the input and one number per vector, where eager autograd would keep four copies."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype
    ) -> Tensor:
        y, scale = normalise(x, weight, eps, dtype)
        ctx.save_for_backward(x, weight, scale)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        return *normalise_gradient(grad, *ctx.saved_tensors), None, None


@kernel
def normalise(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the normalised vectors in ``dtype``, and the factor in float32 that scaled each."""
    x = x.float()
    # rsqrt, not sqrt: torch.sqrt on a CPU comes from MKL and is not rounded as IEEE 754 asks, so
    # that its last bit differs between processors.
    scale = (x * x).mean(-1, keepdim=True).add_(eps).rsqrt_()
    return (x * scale).mul_(weight).to(dtype), scale


@kernel
def normalise_gradient(
    grad: Tensor, x: Tensor, weight: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of ``x`` and of the weight from that of the normalised vectors."""
    grad, normal = grad.float(), x.float() * scale
    grad_weight = (grad * normal).flatten(0, -2).sum(0)
    grad_normal = grad * weight
    along = (grad_normal * normal).mean(-1, keepdim=True)
    grad_x = grad_normal.addcmul_(normal, along, value=-1).mul_(scale)
    return grad_x.to(x.dtype), grad_weight.to(weight.dtype)
