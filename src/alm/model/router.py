"""Send each token to K of E experts, and keep the experts evenly used.

Dimensions: S tokens (batch and time flattened), D d_model, E experts, K experts per token.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alm.config import MoEConfig

_TINY = 1e-20  # keeps a quotient finite when every chosen score underflows to 0


class Routing(NamedTuple):
    """Where every token goes, and what the balance loss needs to know about it."""

    weights_SK: Tensor  # float32, rows sum to 1
    experts_SK: Tensor  # int64 in [0, E), no repeats within a row
    scores_SE: Tensor  # float32, in (0, 1)
    loads_E: Tensor  # int64, assignments to each expert; they sum to S * K


class Router(nn.Module):
    """Choose the K experts of the highest ``score + bias``; weigh them by their scores alone.

    ``score = sigmoid(x W^T)``. The selection bias is no parameter: it has no gradient and is moved
    once per optimizer step towards an even load. As it is not in the weights, balance does not
    bend the function that the network computes. Runs in float32 whatever the activations are,
    because a rounding error here moves a token to another expert instead of moving a value a
    little.

    Shape:
        x_SD -> Routing of (S, K), (S, K), (S, E) and (E,).

    Reference:
        DeepSeek-AI 2024 (arXiv:2412.19437), section 2.1.2, equations 12 to 16. Wang et al. 2024
        (arXiv:2408.15664), algorithm 1: the bias and its update. We subtract the mean of an update
        from it, so that the biases keep their mean; the choice depends on differences only.
    """

    def __init__(self, d_model: int, config: MoEConfig) -> None:
        super().__init__()
        self.n_experts_per_token = config.n_experts_per_token
        self.weight = nn.Parameter(torch.zeros(config.n_experts, d_model))
        bias_E = torch.zeros(config.n_experts, dtype=torch.float32)
        self.register_buffer("selection_bias", bias_E)

    def forward(self, x_SD: Tensor) -> Routing:
        """Route ``x_SD``; ties go to whichever expert ``torch.topk`` returns first."""
        with torch.autocast(x_SD.device.type, enabled=False):
            logits_SE = F.linear(x_SD.float(), self.weight.float())
        scores_SE = score(logits_SE)
        experts_SK = choose(scores_SE, self.selection_bias, self.n_experts_per_token)
        loads_E = count_loads(experts_SK, len(self.weight))
        return Routing(weigh(scores_SE, experts_SK), experts_SK, scores_SE, loads_E)

    @torch.no_grad()
    def update_selection_bias(self, loads_E: Tensor, rate: float) -> None:
        """Move each bias by ``rate`` towards balance: up below the mean load, down above it."""
        step_E = (loads_E.sum() - len(loads_E) * loads_E).sign() * rate  # exact: in integers
        self.selection_bias += (step_E - step_E.mean()).to(self.selection_bias.device)


def score(logits_SE: Tensor) -> Tensor:
    """Turn logits into scores in (0, 1), each expert's independent of the others."""
    return logits_SE.sigmoid()


def choose(scores_SE: Tensor, bias_E: Tensor, k: int) -> Tensor:
    """Return the indices of the ``k`` highest ``score + bias`` of each token."""
    return torch.topk(scores_SE + bias_E, k, dim=-1).indices


def weigh(scores_SE: Tensor, experts_SK: Tensor) -> Tensor:
    """Return the chosen scores, rescaled to sum to 1."""
    chosen_SK = scores_SE.gather(-1, experts_SK)
    return chosen_SK / (chosen_SK.sum(-1, keepdim=True) + _TINY)


def count_loads(experts_SK: Tensor, n_experts: int) -> Tensor:
    """Count the assignments to each expert, (E,).

    By comparison: ``bincount`` waits for the GPU, and ends a compiled graph.
    """
    every_E = torch.arange(n_experts, device=experts_SK.device)
    return (experts_SK.flatten().unsqueeze(-1) == every_E).sum(0)


def balance_loss(routing: Routing) -> Tensor:
    """Return ``E * sum_e f_e P_e``: 1 when experts are used evenly, more the less they are.

    ``f_e`` is the share of the S * K assignments that went to expert e (no gradient); ``P_e`` is
    the mean over tokens of its score, once a token's scores are rescaled to sum to 1. Scalar,
    float32, no unit; scale it at the call site.

    Reference:
        DeepSeek-AI 2024 (arXiv:2412.19437), section 2.1.2, equations 17 to 20. There f and P are
        taken per sequence and the losses averaged; here once over all tokens of the call, which
        asks less of any one sequence.
    """
    shares_SE = routing.scores_SE / (routing.scores_SE.sum(-1, keepdim=True) + _TINY)
    f_E = routing.loads_E / routing.experts_SK.numel()
    return len(f_E) * (f_E * shares_SE.mean(0)).sum()
