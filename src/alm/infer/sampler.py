"""Choose the next token from a model's scores: small pure functions, applied in one order.

The order is logit bias, penalties, temperature, top-k, top-p, min-p, then one draw. Bias and
penalties (:mod:`alm.infer.penalties`) are defined on raw scores, so they come first; temperature
shapes the distribution that the three limits then cut, as in transformers, vLLM and the OpenAI API;
among the limits the cheapest goes first, and min-p, which compares with the likeliest token only,
does not mind what the others removed. llama.cpp applies temperature last, so the same numbers give
another distribution there.

A limit sets the scores it removes to minus infinity and always leaves the likeliest token. Ties go
to the lower id. Probabilities are float64, so that no token is gained or lost to rounding of sums.

Chance is a function of (seed, sequence, position) and has no state: a draw is the same whatever was
drawn before it and whoever shares the batch.
"""

import hashlib
import math
import struct
from collections.abc import Sequence

import torch
from torch import Tensor

from alm.config import SampleConfig
from alm.infer.penalties import penalize_counts, penalize_repeats

REMOVED = -math.inf
FEW = 256  # tokens among which top-p is looked for first: finding them costs next to nothing
MORE = 4  # times as many are looked at next


def choose_token(
    logits_V: Tensor,
    ids: Sequence[int],
    config: SampleConfig,
    chance: float | None,
    n_prompt: int = 0,
) -> int:
    """Return the token that follows ``ids``.

    Args:
        logits_V: the model's scores, float32 on the CPU.
        ids: every token so far, the prompt's included: what the repetition penalty looks at.
        config: the limits.
        chance: a number in [0, 1) that decides; None takes the likeliest token after the penalties.
        n_prompt: how many of ``ids`` are the prompt's: presence and frequency penalties look only
            at those behind them.
    """
    said, presence, frequency = ids[n_prompt:], config.presence_penalty, config.frequency_penalty
    logits_V = penalize_repeats(logits_V, ids, config.repetition_penalty)
    logits_V = penalize_counts(logits_V, said, presence=presence, frequency=frequency)
    best = int(logits_V.argmax())
    if chance is None:
        return best
    logits_V = logits_V / config.temperature
    if not logits_V[best].isfinite():  # so cold, or so penalised, that no other has a chance
        return best
    logits_V = keep_top_k(logits_V, config.top_k)
    logits_V = keep_top_p(logits_V, config.top_p)
    logits_V = keep_min_p(logits_V, config.min_p)
    return draw(logits_V, chance)


def keep_top_k(logits_V: Tensor, k: int) -> Tensor:
    """Keep the ``k`` highest scores; 0 keeps all."""
    if k == 0 or k >= len(logits_V):
        return logits_V
    return _keep_best(logits_V, logits_V, logits_V.topk(k).values)


def keep_top_p(logits_V: Tensor, p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens whose probabilities reach ``p``; 1 keeps all.

    They are looked for among the likeliest 256, then 1,024, and so on: the whole vocabulary is
    sorted only where the set is nearly as large.

    Reference:
        Holtzman et al. 2020 (arXiv:1904.09751), section 3.1.
    """
    if p == 1:
        return logits_V
    probabilities_V, k = _probabilities(logits_V), FEW
    while True:
        likely = probabilities_V.topk(min(k, len(logits_V))).values
        mass = likely.cumsum(0)
        if mass[-1] >= p or len(likely) == len(logits_V):
            n_kept = int((mass < p).sum()) + 1
            return _keep_best(logits_V, probabilities_V, likely[:n_kept])
        k *= MORE


def keep_min_p(logits_V: Tensor, p: float) -> Tensor:
    """Keep tokens at least ``p`` times as likely as the likeliest; 0 keeps all.

    Reference:
        Nguyen et al. 2024 (arXiv:2407.01082), section 3.
    """
    if p == 0:
        return logits_V
    probabilities_V = _probabilities(logits_V)
    return logits_V.masked_fill(probabilities_V < p * probabilities_V.max(), REMOVED)


def likeliest(scores_V: Tensor, k: int) -> Tensor:
    """Return the ids of the ``k`` highest scores, in falling order, lower ids first: (k,) int64."""
    if k == 0:
        return torch.zeros(0, dtype=torch.int64)
    ids = torch.arange(len(scores_V))
    if k < len(scores_V):
        ids = (scores_V >= scores_V.topk(k).values[-1]).nonzero()[:, 0]
    return ids[scores_V[ids].argsort(descending=True, stable=True)[:k]]


def draw(logits_V: Tensor, chance: float) -> int:
    """Return the token at ``chance`` of the cumulative distribution, in order of ids."""
    mass_V = _probabilities(logits_V).cumsum(0)
    point = chance * mass_V[-1].item()  # below the whole mass, as chance is at most 1 - 2**-53
    return int(torch.searchsorted(mass_V, point, right=True))


def uniform(seed: int, sequence: int, position: int) -> float:
    """Return the number in [0, 1) that belongs to one token of one sequence.

    A cryptographic hash of the three numbers: neighbours in any of them are unrelated.
    """
    key = struct.pack("<3Q", seed, sequence, position)
    word = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
    return (word >> 11) * 2.0**-53


def _probabilities(logits_V: Tensor) -> Tensor:
    return logits_V.double().softmax(0)


def _keep_best(logits_V: Tensor, scores_V: Tensor, best: Tensor) -> Tensor:
    """Keep the tokens of the scores ``best``, in falling order, the highest of ``scores_V``."""
    ids = (scores_V >= best[-1]).nonzero()[:, 0]
    if surplus := len(ids) - len(best):
        tied = (scores_V[ids] == best[-1]).nonzero()[:, 0]
        stays = torch.ones_like(ids, dtype=torch.bool)
        stays[tied[-surplus:]] = False
        ids = ids[stays]
    return torch.full_like(logits_V, REMOVED).index_copy_(0, ids, logits_V[ids])
