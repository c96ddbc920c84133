"""Make what was said less likely, or what is asked for more so: changes of raw scores."""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def add_bias(logits_V: Tensor, bias: Mapping[int, float]) -> Tensor:
    """Add a number to the scores of some tokens; minus infinity forbids one.

    OpenAI's ``logit_bias``, which comes before everything else.
    """
    if not bias:
        return logits_V
    added = torch.tensor(list(bias.values()), dtype=logits_V.dtype)
    return logits_V.index_add(0, torch.tensor(list(bias)), added)


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
    return logits_V.index_copy(0, seen, torch.where(scores > 0, scores / penalty, scores * penalty))


def penalize_counts(
    logits_V: Tensor, said: Sequence[int], *, presence: float, frequency: float
) -> Tensor:
    """Subtract ``presence + frequency * n`` from the score of each token that was said n times.

    0 and 0 change nothing; below 0, what was said becomes likelier.

    Args:
        logits_V: scores.
        said: the new tokens; as in the OpenAI API, a prompt does not count.
        presence: subtracted once from each of them.
        frequency: subtracted for each time.

    Reference:
        OpenAI API reference, "Frequency and presence penalties": ``mu[j] - c[j] *
        alpha_frequency - float(c[j] > 0) * alpha_presence``.
    """
    if (presence == 0 and frequency == 0) or not said:
        return logits_V
    counts = sorted(Counter(said).items())
    taken = torch.tensor([-presence - frequency * n for _, n in counts], dtype=logits_V.dtype)
    return logits_V.index_add(0, torch.tensor([token for token, _ in counts]), taken)
