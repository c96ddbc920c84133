"""Normalise the heads of queries or keys and turn them to their positions, in one operation."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.fusion import kernel
from alm.model.norm import RMSNorm, normalise, normalise_gradient
from alm.model.rotary import Rotation


class HeadNorm(RMSNorm):
    """An RMSNorm over each head, then the rotation of each head.

    One operation, as everything between the two casts to and from bfloat16 is in float32, and a
    cast costs as much as the arithmetic.

    Shape:
        x_BTNH and a rotation of T positions -> (B, T, N, H), in the dtype of ``x``.
    """

    def forward(self, x_BTNH: Tensor, rotation: Rotation) -> Tensor:
        """Normalise and turn."""
        return _NormaliseAndTurn.apply(x_BTNH, self.weight, self.eps, *rotation)


class _NormaliseAndTurn(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x_BTNH: Tensor,
        weight_H: Tensor,
        eps: float,
        cos_T1H: Tensor,
        sin_T1H: Tensor,
    ) -> Tensor:
        y_BTNH, scale = _normalise_and_turn(x_BTNH, weight_H, eps, cos_T1H, sin_T1H)
        ctx.save_for_backward(x_BTNH, weight_H, scale)
        ctx.rotation = cos_T1H, sin_T1H  # not saved: made in inference mode, they could not be
        return y_BTNH

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_BTNH: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        grads = _turn_back_and_differentiate(grad_BTNH, *ctx.saved_tensors, *ctx.rotation)
        return *grads, None, None, None


@kernel
def _normalise_and_turn(
    x_BTNH: Tensor, weight_H: Tensor, eps: float, cos_T1H: Tensor, sin_T1H: Tensor
) -> tuple[Tensor, Tensor]:
    y_BTNH, scale = normalise(x_BTNH, weight_H, eps, torch.float32)
    return turn(y_BTNH, cos_T1H, sin_T1H).to(x_BTNH.dtype), scale


@kernel
def _turn_back_and_differentiate(
    grad_BTNH: Tensor,
    x_BTNH: Tensor,
    weight_H: Tensor,
    scale: Tensor,
    cos_T1H: Tensor,
    sin_T1H: Tensor,
) -> tuple[Tensor, Tensor]:
    """Undo the rotation, which is the gradient of it, and take that of the norm."""
    grad_BTNH = turn(grad_BTNH.float(), cos_T1H, -sin_T1H)
    grad_x_BTNH, grad_weight_H = normalise_gradient(grad_BTNH, x_BTNH.float(), weight_H, scale)
    return grad_x_BTNH.to(x_BTNH.dtype), grad_weight_H


def turn(x_BTNH: Tensor, cos_T1H: Tensor, sin_T1H: Tensor) -> Tensor:
    """Turn every head of ``x_BTNH`` to its position, in float32; lengths stay as they are."""
    first, second = x_BTNH.chunk(2, dim=-1)
    swapped_BTNH = torch.cat([second, first], dim=-1)
    return swapped_BTNH.mul_(sin_T1H).addcmul_(x_BTNH, cos_T1H)
