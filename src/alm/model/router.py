"""Send each token to K of E experts, and keep the experts evenly used.

Dimensions: S tokens (batch and time flattened), D d_model, E experts, K experts per token.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.config import MoEConfig

_TINY = 1e-20  # keeps a quotient finite when every chosen score underflows to 0


class Routing(NamedTuple):
    """Where every token goes, and what the losses on routing need to know about it."""

    weights_SK: Tensor  # float32; rows sum to 1, or are the chosen scores where K is 1
    experts_SK: Tensor  # int64 in [0, E), no repeats within a row
    scores_SE: Tensor  # float32, in (0, 1)
    loads_E: Tensor  # int64, assignments to each expert; they sum to S * K
    used_E: Tensor  # int64, those of tokens: this and what follows is without padding
    shares_E: Tensor  # float32, mean over tokens of the scores once they sum to 1
    z_loss: Tensor  # float32 scalar, mean over tokens


class Router(nn.Module):
    """Choose the K experts of the highest scores; weigh them by these, rescaled to sum to 1.

    Two kinds, by ``config.router``. ``sigmoid`` scores each expert by itself and adds a selection
    bias for the choice alone. That bias is no parameter: it has no gradient and is moved once per
    optimizer step towards an even load. As it is not in the weights, balance does not bend the
    function that the network computes. ``softmax`` scores the experts against each other and has
    no such bias; it needs the balance loss.

    With one expert per token the weight is its score as it is: rescaled it would be 1 whatever the
    router says, and the router would learn nothing from the language loss.

    Runs in float32 whatever the activations are, because a rounding error here moves a token to
    another expert instead of moving a value a little.

    Shape:
        x_SD -> Routing of (S, K), (S, K), (S, E), (E,), (E,), (E,) and ().

    Reference:
        sigmoid: DeepSeek-AI 2024 (arXiv:2412.19437), section 2.1.2, equations 12 to 16; Wang et al.
        2024 (arXiv:2408.15664), algorithm 1: the bias and its update. We subtract the mean of an
        update from it, so that the biases keep their mean; the choice depends on differences only.
        softmax: Shazeer et al. 2017 (arXiv:1701.06538), section 2.1, without noise, the softmax
        taken over all experts and not over the chosen. K of 1: Fedus et al. 2022
        (arXiv:2101.03961), section 2.1.
    """

    def __init__(self, d_model: int, config: MoEConfig) -> None:
        super().__init__()
        self.kind = config.router
        self.n_experts_per_token = config.n_experts_per_token
        self.weight = nn.Parameter(torch.zeros(config.n_experts, d_model))
        bias_E = torch.zeros(config.n_experts, dtype=torch.float32)
        self.register_buffer("selection_bias", bias_E if self.kind == "sigmoid" else None)

    def forward(self, x_SD: Tensor, is_token_S: Tensor | None = None) -> Routing:
        """Route ``x_SD``; ties go to whichever expert ``torch.topk`` returns first.

        Padding, where ``is_token_S`` is false, takes its rows like any token, but neither a loss
        nor a bias hears of it.
        """
        logits_SE = _Logits.apply(x_SD, self.weight)
        scores_SE = score(logits_SE, self.kind)
        experts_SK = choose(scores_SE, self.selection_bias, self.n_experts_per_token)
        loads_E = count_loads(experts_SK, len(self.weight))
        used_E = loads_E if is_token_S is None else self._count_used(experts_SK, is_token_S)
        return Routing(
            weights_SK=weigh(scores_SE, experts_SK),
            experts_SK=experts_SK,
            scores_SE=scores_SE,
            loads_E=loads_E,
            used_E=used_E,
            shares_E=share(scores_SE, is_token_S),
            z_loss=mean_over_tokens(logits_SE.logsumexp(-1).square(), is_token_S),
        )

    def _count_used(self, experts_SK: Tensor, is_token_S: Tensor) -> Tensor:
        nobodys = len(self.weight)
        return count_loads(experts_SK.where(is_token_S.unsqueeze(-1), nobodys), nobodys)

    @torch.no_grad()
    def update_selection_bias(self, loads_E: Tensor, rate: float) -> None:
        """Move each bias by ``rate`` towards balance: up below the mean load, down above it."""
        if self.selection_bias is None:
            return
        step_E = (loads_E.sum() - len(loads_E) * loads_E).sign() * rate  # exact: in integers
        self.selection_bias += (step_E - step_E.mean()).to(self.selection_bias.device)


class _Logits(torch.autograd.Function):
    """A product in float32 that keeps the activations as they are, not a copy of twice the size."""

    @staticmethod
    def forward(ctx: FunctionCtx, x_SD: Tensor, weight_ED: Tensor) -> Tensor:
        ctx.save_for_backward(x_SD, weight_ED)
        with torch.autocast(x_SD.device.type, enabled=False):
            return F.linear(x_SD.float(), weight_ED.float())

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_SE: Tensor) -> tuple[Tensor, Tensor]:
        x_SD, weight_ED = ctx.saved_tensors
        with torch.autocast(x_SD.device.type, enabled=False):
            grad_SD = grad_SE @ weight_ED.float()
            grad_ED = grad_SE.T @ x_SD.float()
        return grad_SD.to(x_SD.dtype), grad_ED.to(weight_ED.dtype)


def score(logits_SE: Tensor, kind: str) -> Tensor:
    """Turn logits into scores in (0, 1), a token's independent of each other or summing to 1."""
    return logits_SE.softmax(-1) if kind == "softmax" else logits_SE.sigmoid()


def choose(scores_SE: Tensor, bias_E: Tensor | None, k: int) -> Tensor:
    """Return the indices of the ``k`` highest ``score + bias`` of each token."""
    ranks_SE = scores_SE if bias_E is None else scores_SE + bias_E
    return torch.topk(ranks_SE, k, dim=-1).indices


def weigh(scores_SE: Tensor, experts_SK: Tensor) -> Tensor:
    """Return the chosen scores, rescaled to sum to 1 where there are several."""
    chosen_SK = scores_SE.gather(-1, experts_SK)
    if chosen_SK.shape[-1] == 1:
        return chosen_SK
    return chosen_SK / (chosen_SK.sum(-1, keepdim=True) + _TINY)


def share(scores_SE: Tensor, is_token_S: Tensor | None = None) -> Tensor:
    """Return the mean over tokens of each expert's part of a token's scores: (E,), sums to 1."""
    return mean_over_tokens(scores_SE / (scores_SE.sum(-1, keepdim=True) + _TINY), is_token_S)


def mean_over_tokens(values: Tensor, is_token_S: Tensor | None) -> Tensor:
    """Return the mean of those rows that are tokens, (S, ...) -> (...); 0 where none is.

    Where ``is_token_S`` is None, all are.
    """
    if is_token_S is None:
        return values.mean(0)
    is_token = is_token_S.view(-1, *(1 for _ in values.shape[1:]))
    return values.where(is_token, 0).sum(0) / is_token_S.sum().clamp(min=1)


def count_loads(experts_SK: Tensor, n_experts: int) -> Tensor:
    """Count the assignments to each expert, (E,).

    By comparison: ``bincount`` waits for the GPU, and ends a compiled graph.
    """
    every_E = torch.arange(n_experts, device=experts_SK.device)
    return (experts_SK.flatten().unsqueeze(-1) == every_E).sum(0)
