"""How likely a model finds given tokens, each after those before it.

Dimensions: T tokens scored, K likeliest tokens of a place, V tokens of the vocabulary.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from alm.infer.sampler import likeliest


class TokenScore(NamedTuple):
    """How likely one token is at its place, and what else is likely there."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]
    """(token, logprob) of the likeliest, in falling order."""


class Scores(NamedTuple):
    """What a model thinks of each token of a sequence but the first, which nothing precedes.

    Log-probabilities are natural logarithms, float64, of the model's own distribution: before
    temperature, penalties and limits.
    """

    logprobs_T: np.ndarray
    greedy_T: np.ndarray  # bool: no other token is likelier, or as likely and of a lower id
    top_ids_TK: np.ndarray  # int64: the likeliest tokens of each place, in falling order
    top_logprobs_TK: np.ndarray

    @property
    def total(self) -> float:
        """Log-probability of the sequence, given its first token."""
        return float(self.logprobs_T.sum())

    def of(self, tokens: Sequence[int]) -> list[TokenScore]:
        """Return the scores token by token; ``tokens`` are those that were scored."""
        rows = zip(self.top_ids_TK.tolist(), self.top_logprobs_TK.tolist(), strict=True)
        tops = [tuple(zip(ids, logprobs, strict=True)) for ids, logprobs in rows]
        return list(map(TokenScore, tokens, self.logprobs_T.tolist(), tops))

    @classmethod
    def join(cls, pieces: Sequence[Self]) -> Self:
        """Return the scores of several pieces of one sequence."""
        return cls(*(np.concatenate(each) for each in zip(*pieces, strict=True)))


def score_tokens(logits_TV: Tensor, tokens: Sequence[int], n_top: int) -> Scores:
    """Return how likely each of ``tokens`` is in its row of ``logits_TV``.

    Args:
        logits_TV: scores, float32 on the CPU.
        tokens: one for each row.
        n_top: likeliest tokens to name in each row (K), at most V; among equals the lower id.
    """
    token_T1 = torch.tensor(tokens, dtype=torch.int64).unsqueeze(1)
    total_T1 = logits_TV.double().logsumexp(-1, keepdim=True)
    logprobs_T1 = logits_TV.gather(1, token_T1) - total_T1
    top_ids_TK = torch.stack([likeliest(logits_V, n_top) for logits_V in logits_TV])
    top_logprobs_TK = logits_TV.gather(1, top_ids_TK) - total_T1
    greedy_T = logits_TV.argmax(-1) == token_T1[:, 0]
    found = (logprobs_T1[:, 0], greedy_T, top_ids_TK, top_logprobs_TK)
    return Scores(*(each.numpy() for each in found))


def score_pieces(pieces: Iterator[Tensor], ids: Sequence[int], n_top: int) -> Scores:
    """Score ``ids[1:]``, given pieces of the logits that follow each of ``ids[:-1]``."""
    found, done = [], 1
    for logits_TV in pieces:
        found.append(score_tokens(logits_TV, ids[done : done + len(logits_TV)], n_top))
        done += len(logits_TV)
    return Scores.join(found)
