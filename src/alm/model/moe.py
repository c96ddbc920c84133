"""A layer of experts: each token passes through a few of them, and through one that is shared.

Dimensions: S tokens, R rows sorted by expert, D d_model, F width of an expert, E experts.
"""

import torch
from torch import Tensor, nn

from alm.config import MoEConfig
from alm.model.dispatch import Plan, combine, dispatch, plan_dispatch
from alm.model.expert_loop import loop_experts
from alm.model.feed_forward import FeedForward, swiglu
from alm.model.grouped import grouped_linear, has_kernel, padding
from alm.model.recompute import Runner, keep
from alm.model.router import Router, Routing


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

    def forward(self, x_SD: Tensor, weights_SK: Tensor, plan: Plan) -> Tensor:
        """Add up what each token's experts make of it, weighted."""
        matrices = (self.w_gate_EFD, self.w_up_EFD, self.w_down_EDF)
        if not has_kernel(x_SD, *self.w_gate_EFD.shape[1:]):
            return loop_experts(x_SD, weights_SK, *matrices, plan)
        x_RD = dispatch(x_SD, plan)
        gate_RF, up_RF = (grouped_linear(x_RD, w, plan.groups) for w in matrices[:2])
        y_RD = grouped_linear(swiglu(gate_RF, up_RF), self.w_down_EDF, plan.groups)
        return combine(y_RD, weights_SK, plan)


class MixtureOfExperts(nn.Module):
    """Add up the K chosen experts, weighted, and the shared one.

    ``y = sum_k w_k expert_k(x) + shared(x)``. No token is dropped, whatever the load: with K fixed,
    the number of rows is too, so there is no capacity to overflow.

    Shape:
        x_BTD -> (B, T, D) and where the tokens went.

    Reference:
        Dai et al. 2024 (arXiv:2401.06066), section 3.2: shared experts beside routed ones.
    """

    def __init__(self, d_model: int, config: MoEConfig) -> None:
        super().__init__()
        self.router = Router(d_model, config)
        self.experts = Experts(d_model, config)
        d_shared = config.n_shared_experts * config.d_expert
        self.shared = FeedForward(d_model, d_shared) if d_shared else None

    def forward(
        self, x_BTD: Tensor, is_token_BT: Tensor | None = None, run: Runner = keep
    ) -> tuple[Tensor, Routing]:
        """Apply the mixture to every token; ``run`` applies the experts once their choice is made.

        With ``run`` set to ``recompute``, the experts are computed again in the backward pass, for
        the same choice: a second one could differ by rounding, and would count its loads again.
        What the routing says of the experts' use is of tokens, not of padding; ``is_token_BT`` of
        None: there is no padding.
        """
        x_SD = x_BTD.flatten(0, -2)
        routing = self.router(x_SD, None if is_token_BT is None else is_token_BT.flatten())
        plan = plan_dispatch(routing, padding(x_SD))
        y_SD = run(lambda x, weights: self._add_up(x, weights, plan), x_SD, routing.weights_SK)
        return y_SD.view_as(x_BTD), routing

    def _add_up(self, x_SD: Tensor, weights_SK: Tensor, plan: Plan) -> Tensor:
        y_SD = self.experts(x_SD, weights_SK, plan)
        return y_SD if self.shared is None else y_SD + self.shared(x_SD)
