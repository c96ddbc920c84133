"""Bring tokens to their experts and back, by permutation alone.

Rows are only ever read by index, forward and backward, never added into place: the sums have one
order, so a GPU computes the same bits in every run. Rows that only fill an expert's group up hold
token 0 and have weight 0: nothing reads what is computed there, and its gradient is zero.

Dimensions: S tokens, K experts per token, R rows sorted by expert, D d_model.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.grouped import Groups
from alm.model.router import Routing


class Plan(NamedTuple):
    """Which token each row holds, and in which row each token's k-th assignment is."""

    token_R: Tensor  # int64 in [0, S)
    row_SK: Tensor  # int64 in [0, R), no repeats
    groups: Groups


def plan_dispatch(routing: Routing, pad_to: int) -> Plan:
    """Sort all assignments by expert, stably: an expert reads its tokens in their order."""
    n_tokens, k = routing.experts_SK.shape
    groups = Groups(routing.loads_E, pad_to)
    expert_sorted, order = torch.sort(routing.experts_SK.flatten(), stable=True)
    unpadded_starts_E = routing.loads_E.cumsum(0) - routing.loads_E
    row_sorted = torch.arange(n_tokens * k, device=order.device)
    row_sorted += (groups.starts_E - unpadded_starts_E)[expert_sorted]
    n_rows = n_tokens * k if pad_to == 1 else groups.slices[-1].stop
    token_R = order.new_zeros(n_rows)
    token_R[row_sorted] = order // k
    row_SK = torch.empty_like(order)
    row_SK[order] = row_sorted
    return Plan(token_R, row_SK.view(n_tokens, k), groups)


def dispatch(x_SD: Tensor, plan: Plan) -> Tensor:
    """Copy every token to the rows of its experts: (R, D)."""
    return _Dispatch.apply(x_SD, plan)


def combine(y_RD: Tensor, weights_SK: Tensor, plan: Plan) -> Tensor:
    """Sum each token's rows, weighted; the sum is taken in float32: (S, D)."""
    return _Combine.apply(y_RD, weights_SK, plan)


def sum_rows(y_RD: Tensor, row_SK: Tensor) -> Tensor:
    """Return the sum of each token's rows, (S, D), rounded once to the dtype of ``y_RD``."""
    if y_RD.device.type == "cpu" and torch.backends.mkldnn.enabled:
        # One pass, with a sum in float32. Not in portable mode: the kernel is made for the CPU at
        # hand, and leaves its wide registers in a state that slows plain SSE down four times.
        return F.embedding_bag(row_SK, y_RD, mode="sum")
    first_S, *others = row_SK.unbind(1)
    sum_SD = y_RD.index_select(0, first_S).float()
    for row_S in others:
        sum_SD += y_RD.index_select(0, row_S)
    return sum_SD.to(y_RD.dtype)


def row_weights(weights_SK: Tensor, plan: Plan) -> Tensor:
    """Return the weight of each row's assignment, (R,); 0 where a row only fills a group up."""
    weight_R = weights_SK.new_zeros(len(plan.token_R))
    weight_R[plan.row_SK] = weights_SK
    return weight_R


class _Dispatch(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x_SD: Tensor, plan: Plan) -> Tensor:
        ctx.plan = plan
        return x_SD.index_select(0, plan.token_R)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_RD: Tensor) -> tuple[Tensor, None]:
        return sum_rows(grad_RD, ctx.plan.row_SK), None


class _Combine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, y_RD: Tensor, weights_SK: Tensor, plan: Plan) -> Tensor:
        ctx.save_for_backward(y_RD, weights_SK)
        ctx.plan = plan
        first, *others = zip(plan.row_SK.unbind(1), weights_SK.unsqueeze(-1).unbind(1), strict=True)
        sum_SD = y_RD.index_select(0, first[0]) * first[1]
        for row_S, weight_S1 in others:
            sum_SD.addcmul_(y_RD.index_select(0, row_S), weight_S1)
        return sum_SD.to(y_RD.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_SD: Tensor) -> tuple[Tensor, Tensor, None]:
        y_RD, weights_SK = ctx.saved_tensors
        weight_R = row_weights(weights_SK, ctx.plan)
        grad_RD = grad_SD.index_select(0, ctx.plan.token_R)
        grad_weight_R = (grad_RD * y_RD).sum(-1, dtype=torch.float32)
        grad_weights_SK = grad_weight_R[ctx.plan.row_SK]
        return (grad_RD * weight_R.unsqueeze(1)).to(y_RD.dtype), grad_weights_SK, None
