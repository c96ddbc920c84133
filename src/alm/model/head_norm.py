"""Normalise the heads of queries or keys and turn them to their positions, in one operation."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.norm import RMSNorm, normalise, normalise_gradient
from alm.model.rotary import Rotation, turn


class HeadNorm(RMSNorm):
    """An RMSNorm over each head, then the rotation of each head.

    One operation, as everything between the two casts to and from bfloat16 is in float32, and a
    cast costs as much as the arithmetic.

    Shape:
        x_BTNH and a rotation of T positions -> (B, T, N, H), in the dtype of ``x``.
    """

    def forward(self, x_BTNH: Tensor, rotation: Rotation) -> Tensor:
        """Normalise and turn."""
        return _NormaliseAndTurn.apply(x_BTNH, self.weight, self.eps, rotation)


class _NormaliseAndTurn(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, x_BTNH: Tensor, weight_H: Tensor, eps: float, rotation: Rotation
    ) -> Tensor:
        y_BTNH, scale = normalise(x_BTNH.float(), weight_H, eps)
        ctx.save_for_backward(x_BTNH, weight_H, scale)
        ctx.rotation = rotation
        return turn(y_BTNH, rotation).to(x_BTNH.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_BTNH: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x_BTNH, weight_H, scale = ctx.saved_tensors
        grad_BTNH = turn(grad_BTNH.float(), ctx.rotation.back)
        grads = normalise_gradient(grad_BTNH, x_BTNH.float(), weight_H, scale)
        return grads[0].to(x_BTNH.dtype), grads[1].to(weight_H.dtype), None, None
