"""Choose the next token from a model's scores: small pure functions, applied in one order.

The order is repetition penalty, temperature, top-k, top-p, min-p, then one draw. The penalty is
defined on raw scores, so it comes first; temperature shapes the distribution that the three limits
then cut, as in transformers, vLLM and the OpenAI API; among the limits the cheapest goes first, and
min-p, which compares with the likeliest token only, does not mind what the others removed.
llama.cpp applies temperature last, so the same numbers give another distribution there.

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

REMOVED = -math.inf


def choose_token(
    logits_V: Tensor, ids: Sequence[int], config: SampleConfig, chance: float | None
) -> int:
    """Return the token that follows ``ids``.

    Args:
        logits_V: the model's scores, float32 on the CPU.
        ids: every token so far, the prompt's included: what the repetition penalty looks at.
        config: the limits.
        chance: a number in [0, 1) that decides; None takes the likeliest token after the penalty.
    """
    logits_V = penalize_repeats(logits_V, ids, config.repetition_penalty)
    if chance is None:
        return int(logits_V.argmax())
    logits_V = logits_V / config.temperature
    logits_V = keep_top_k(logits_V, config.top_k)
    logits_V = keep_top_p(logits_V, config.top_p)
    logits_V = keep_min_p(logits_V, config.min_p)
    return draw(logits_V, chance)


def penalize_repeats(logits_V: Tensor, ids: Sequence[int], penalty: float) -> Tensor:
    """Divide positive scores of tokens in ``ids`` by ``penalty`` and multiply negative ones by it.

    1 changes nothing; above 1, what was said becomes less likely. A token counts once, however
    often it was said.

    Reference:
        Keskar et al. 2019 (arXiv:1909.05858), section 4.1, there dividing scores of either sign,
        which would make a negative one more likely.
    """
    if penalty == 1 or not ids:
        return logits_V
    seen = torch.tensor(sorted(set(ids)))
    scores = logits_V[seen]
    changed_V = logits_V.clone()
    changed_V[seen] = torch.where(scores > 0, scores / penalty, scores * penalty)
    return changed_V


def keep_top_k(logits_V: Tensor, k: int) -> Tensor:
    """Keep the ``k`` highest scores; 0 keeps all."""
    if k == 0 or k >= len(logits_V):
        return logits_V
    least = logits_V.topk(k).values[-1]
    above_V, tied_V = logits_V > least, logits_V == least
    spare = k - above_V.sum()
    return _keep(logits_V, above_V | (tied_V & (tied_V.cumsum(0) <= spare)))


def keep_top_p(logits_V: Tensor, p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens whose probabilities reach ``p``; 1 keeps all.

    Reference:
        Holtzman et al. 2020 (arXiv:1904.09751), section 3.1.
    """
    if p == 1:
        return logits_V
    sorted_V, order_V = _probabilities(logits_V).sort(descending=True, stable=True)
    mass_before_V = sorted_V.cumsum(0) - sorted_V
    keep_V = torch.zeros_like(logits_V, dtype=torch.bool)
    keep_V[order_V[: max(1, int((mass_before_V < p).sum()))]] = True
    return _keep(logits_V, keep_V)


def keep_min_p(logits_V: Tensor, p: float) -> Tensor:
    """Keep tokens at least ``p`` times as likely as the likeliest; 0 keeps all.

    Reference:
        Nguyen et al. 2024 (arXiv:2407.01082), section 3.
    """
    if p == 0:
        return logits_V
    probabilities_V = _probabilities(logits_V)
    return _keep(logits_V, probabilities_V >= p * probabilities_V.max())


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


def _keep(logits_V: Tensor, keep_V: Tensor) -> Tensor:
    return logits_V.masked_fill(~keep_V, REMOVED)
