"""A layer of experts: each token passes through a few of them, and through one that is shared.

Dimensions: S tokens, R rows sorted by expert, D d_model, F width of an expert, E experts.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from alm.config import MoEConfig
from alm.model.dispatch import combine, dispatch, plan_dispatch
from alm.model.feed_forward import FeedForward, swiglu
from alm.model.grouped import PAD_TO, Groups, grouped_linear, has_kernel
from alm.model.router import Router, balance_loss


class Balance(NamedTuple):
    """How evenly a layer's experts were used."""

    loss: Tensor  # float32 scalar, 1 when even
    loads_E: Tensor  # int64


class Experts(nn.Module):
    """E feed-forwards of one shape, each applied to its own rows.

    Each of the three matrices is one parameter for all experts, so the optimizer sees a batch of
    matrices, and every expert has a gradient in every step, if only zeros.
    """

    def __init__(self, d_model: int, config: MoEConfig) -> None:
        super().__init__()
        n, f = config.n_experts, config.d_expert
        self.w_gate_EFD = nn.Parameter(torch.zeros(n, f, d_model))
        self.w_up_EFD = nn.Parameter(torch.zeros(n, f, d_model))
        self.w_down_EDF = nn.Parameter(torch.zeros(n, d_model, f))

    def forward(self, x_RD: Tensor, groups: Groups) -> Tensor:
        """Apply to each row the expert whose group it is in."""
        gate_RF = grouped_linear(x_RD, self.w_gate_EFD, groups)
        up_RF = grouped_linear(x_RD, self.w_up_EFD, groups)
        return grouped_linear(swiglu(gate_RF, up_RF), self.w_down_EDF, groups)


class MixtureOfExperts(nn.Module):
    """Add up the K chosen experts, weighted, and the shared one.

    ``y = sum_k w_k expert_k(x) + shared(x)``. No token is dropped, whatever the load: with K fixed,
    the number of rows is too, so there is no capacity to overflow.

    Shape:
        x_BTD -> (B, T, D) and how evenly the experts were used.

    Reference:
        Dai et al. 2024 (arXiv:2401.06066), section 3.2: shared experts beside routed ones.
    """

    def __init__(self, d_model: int, config: MoEConfig) -> None:
        super().__init__()
        self.router = Router(d_model, config)
        self.experts = Experts(d_model, config)
        d_shared = config.n_shared_experts * config.d_expert
        self.shared = FeedForward(d_model, d_shared) if d_shared else None

    def forward(self, x_BTD: Tensor) -> tuple[Tensor, Balance]:
        """Apply the mixture to every token."""
        x_SD = x_BTD.flatten(0, -2)
        routing = self.router(x_SD)
        plan = plan_dispatch(routing, pad_to=1 if has_kernel(x_SD) else PAD_TO)
        y_RD = self.experts(dispatch(x_SD, plan), plan.groups)
        y_SD = combine(y_RD, routing.weights_SK, plan)
        if self.shared is not None:
            y_SD = y_SD + self.shared(x_SD)
        return y_SD.view_as(x_BTD), Balance(balance_loss(routing), routing.loads_E)
