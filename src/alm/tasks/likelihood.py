"""What a model makes of questions: whether it says the right answer, and whether it prefers it.

The answers of a question share its prompt, so the prompt is read once, and each answer is read
behind it through the key/value cache. Questions whose prompts have as many tokens are read side by
side. Nothing is generated: an answer is what the model would say if each of its tokens is the
likeliest one behind those before it.

Dimensions: B questions side by side, T tokens, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

import torch
from torch import Tensor

from alm.model import KVCache, Transformer, require_finite
from alm.tasks.question import Question
from alm.tokenizer import Tokenizer

SIDE_BY_SIDE = 32
IGNORED = -1  # target that is not scored


@dataclass(frozen=True)
class Sheet:
    """A question in tokens."""

    prefix: list[int]
    """BOS, and what all its answers begin with: the prompt, but for tokens that reach beyond it."""
    answers: list[list[int]]
    """The rest of each answer, the right one first; at least a token each."""

    @classmethod
    def of(cls, question: Question, tokenizer: Tokenizer) -> Self:
        """Encode prompt and answer together, as the text that they are."""
        prompt = tokenizer.encode(question.prompt)
        texts = [question.prompt + answer for answer in (question.answer, *question.others)]
        encoded = [tokenizer.encode(text) for text in texts]
        n_shared = count_shared([prompt, *encoded])
        return cls([tokenizer.bos_id, *prompt[:n_shared]], [ids[n_shared:] for ids in encoded])

    @property
    def n_tokens(self) -> int:
        """Most tokens that the model has to see at once."""
        return len(self.prefix) + max(map(len, self.answers))


@dataclass(frozen=True)
class Verdict:
    """What a model makes of one question."""

    exact: bool
    """The right answer is what it would say, token by token."""
    preferred: int
    """The likeliest answer, 0 being the right one; of equal ones the last, so never the right."""


def count_shared(rows: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all the rows begin with in common."""
    for i, column in enumerate(zip(*rows, strict=False)):
        if len(set(column)) > 1:
            return i
    return min(map(len, rows))


@torch.inference_mode()
def judge(model: Transformer, sheets: Sequence[Sheet]) -> list[Verdict]:
    """Return what a model makes of each question, in their order.

    Args:
        model: in evaluation mode.
        sheets: questions with equally many answers each.
    """
    verdicts: dict[int, Verdict] = {}
    for group in _groups(sheets):
        nats_BA, exact_B = read_answers(model, [sheets[i] for i in group])
        for i, nats_A, exact in zip(group, nats_BA.tolist(), exact_B.tolist(), strict=True):
            least = min(nats_A)
            preferred = max(a for a, nats in enumerate(nats_A) if nats == least)
            verdicts[i] = Verdict(exact, preferred)
    return [verdicts[i] for i in range(len(sheets))]


def _groups(sheets: Sequence[Sheet]) -> Iterator[list[int]]:
    """Yield the places of questions that can be read side by side."""

    def length(i: int) -> int:
        return len(sheets[i].prefix)

    for _, same in groupby(sorted(range(len(sheets)), key=length), key=length):
        places = list(same)
        for start in range(0, len(places), SIDE_BY_SIDE):
            yield places[start : start + SIDE_BY_SIDE]


def read_answers(model: Transformer, sheets: Sequence[Sheet]) -> tuple[Tensor, Tensor]:
    """Return the nats of each answer, (B, A) float64, and whether the first is exact, (B,)."""
    weight = model.head_weight
    n_before = len(sheets[0].prefix) - 1
    room = max(sheet.n_tokens for sheet in sheets)
    cache = KVCache(model.config, len(sheets), room, weight.dtype, weight.device)
    prefix_BT = torch.tensor([sheet.prefix for sheet in sheets], device=weight.device)
    if n_before:
        model(prefix_BT[:, :-1], cache)
    columns = []
    exact_B = torch.ones(len(sheets), dtype=torch.bool)
    for a in range(len(sheets[0].answers)):
        cache.truncate(n_before)
        ids_BT, targets_BT = _fill(
            [sheet.answers[a] for sheet in sheets], prefix_BT[:, -1].tolist()
        )
        hidden_BTD = model(ids_BT.to(weight.device), cache).hidden_BTD
        log_p_BTV = require_finite(model.logits(hidden_BTD)).cpu().log_softmax(-1)
        columns.append(_cost(log_p_BTV, targets_BT))
        if a == 0:
            hit_BT = (log_p_BTV.argmax(-1) == targets_BT) | (targets_BT == IGNORED)
            exact_B = hit_BT.all(dim=1)
    return torch.stack(columns, dim=1), exact_B


def _fill(answers: Sequence[Sequence[int]], before: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return inputs and targets, (B, T) each: the input begins with the token before the answer."""
    width = max(map(len, answers))
    ids_BT = torch.zeros(len(answers), width, dtype=torch.long)
    targets_BT = torch.full_like(ids_BT, IGNORED)
    for row, (last, answer) in enumerate(zip(before, answers, strict=True)):
        ids_BT[row, : len(answer)] = torch.tensor([last, *answer[:-1]])
        targets_BT[row, : len(answer)] = torch.tensor(answer)
    return ids_BT, targets_BT


def _cost(log_p_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """Return the nats of each row's targets: (B,) float64."""
    picked_BT = log_p_BTV.gather(2, targets_BT.clamp(min=0)[..., None])[..., 0]
    return -picked_BT.double().masked_fill(targets_BT == IGNORED, 0.0).sum(dim=1)
