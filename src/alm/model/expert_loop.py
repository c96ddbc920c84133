"""All experts of a layer one after the other, where there is no kernel for them together.

What an expert computes on the way stays in the processor's cache until it is done: only the two
products that the backward pass needs are written out whole. The weight of a row is multiplied in
before the last matrix, so that the rows that leave it need not be kept.

Dimensions: S tokens, K experts per token, R rows sorted by expert, E experts, D d_model, F width
of an expert; n rows of one expert.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.dispatch import Plan, row_weights, sum_rows
from alm.model.feed_forward import gate_up
from alm.model.fusion import kernel
from alm.model.precision import cast_once


@torch.compiler.disable  # how many rows an expert has would be compiled in, for each step anew
def loop_experts(
    x_SD: Tensor,
    weights_SK: Tensor,
    w_gate_EFD: Tensor,
    w_up_EFD: Tensor,
    w_down_EDF: Tensor,
    plan: Plan,
) -> Tensor:
    """Return the weighted sum of what each token's experts make of it: (S, D) in the dtype of x.

    ``sum_k weight_k down_k(silu(gate_k(x)) * up_k(x))``. The gradient of an expert without rows is
    zero. Rows that only fill a group up have weight 0, which makes their gradient 0.
    """
    return _ExpertLoop.apply(x_SD, weights_SK, w_gate_EFD, w_up_EFD, w_down_EDF, plan)


class _ExpertLoop(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x_SD: Tensor,
        weights_SK: Tensor,
        w_gate_EFD: Tensor,
        w_up_EFD: Tensor,
        w_down_EDF: Tensor,
        plan: Plan,
    ) -> Tensor:
        masters = (w_gate_EFD, w_up_EFD, w_down_EDF)
        gate_EFD, up_EFD, down_EDF = (cast_once(master, x_SD.dtype) for master in masters)
        weight_R1 = row_weights(weights_SK, plan).unsqueeze(1)
        gate_RF, up_RF, y_RD = (
            x_SD.new_empty(len(weight_R1), n) for n in (*gate_EFD.shape[1:2] * 2, x_SD.shape[1])
        )
        for e, rows in plan.groups.occupied:
            x_nD = x_SD.index_select(0, plan.token_R[rows])
            gate_nF = torch.mm(x_nD, gate_EFD[e].T, out=gate_RF[rows])
            up_nF = torch.mm(x_nD, up_EFD[e].T, out=up_RF[rows])
            inner_nF = gate_up(gate_nF, up_nF).mul_(weight_R1[rows].to(x_SD.dtype))
            torch.mm(inner_nF, down_EDF[e].T, out=y_RD[rows])
        ctx.save_for_backward(x_SD, weight_R1, gate_RF, up_RF, gate_EFD, up_EFD, down_EDF)
        ctx.plan, ctx.dtypes = plan, [master.dtype for master in masters]
        return sum_rows(y_RD, plan.row_SK)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_SD: Tensor) -> tuple[Tensor | None, ...]:
        x_SD, weight_R1, gate_RF, up_RF, *casts = ctx.saved_tensors
        gate_EFD, up_EFD, down_EDF = casts
        grads = [torch.zeros_like(w, dtype=d) for w, d in zip(casts, ctx.dtypes, strict=True)]
        grad_gate_EFD, grad_up_EFD, grad_down_EDF = grads
        grad_weight_R = torch.zeros_like(weight_R1).squeeze(1)
        grad_RD = x_SD.new_empty(len(weight_R1), x_SD.shape[1])
        for e, rows in ctx.plan.groups.occupied:
            token_n, weight_n1 = ctx.plan.token_R[rows], weight_R1[rows].to(x_SD.dtype)
            grad_nD = grad_SD.index_select(0, token_n)
            inner_nF, grad_gate_nF, grad_up_nF, grad_weight_R[rows] = gate_gradients(
                gate_RF[rows], up_RF[rows], weight_n1, torch.mm(grad_nD, down_EDF[e])
            )
            grad_down_EDF[e] = grad_nD.T @ inner_nF
            x_nD = x_SD.index_select(0, token_n)
            grad_gate_EFD[e] = grad_gate_nF.T @ x_nD
            grad_up_EFD[e] = grad_up_nF.T @ x_nD
            torch.mm(grad_gate_nF, gate_EFD[e], out=grad_RD[rows])
            grad_RD[rows].addmm_(grad_up_nF, up_EFD[e])
        grad_x_SD = sum_rows(grad_RD, ctx.plan.row_SK)
        return grad_x_SD, grad_weight_R[ctx.plan.row_SK], *grads, None


@kernel
def gate_gradients(
    gate_nF: Tensor, up_nF: Tensor, weight_n1: Tensor, grad_nF: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return ``weight * silu(gate) * up`` and the gradients of gate, up and weight, in this order.

    ``grad_nF`` is the gradient of that product.
    """
    silu_nF = F.silu(gate_nF)
    inner_nF = silu_nF * up_nF
    wide = torch.promote_types(grad_nF.dtype, torch.float32)
    grad_weight_n = (grad_nF * inner_nF).sum(-1, dtype=wide)
    weighted_nF = grad_nF * weight_n1
    grad_up_nF = silu_nF.mul_(weighted_nF)
    grad_gate_nF = torch.ops.aten.silu_backward(weighted_nF.mul_(up_nF), gate_nF)
    return inner_nF.mul_(weight_n1), grad_gate_nF, grad_up_nF, grad_weight_n
