"""Copy, reverse and sort: a rule that three examples show, to be applied to a fourth list.

The lists are of digits, which are one token each in every tokenizer of alm.
"""

import math
from collections.abc import Callable, Sequence

from alm.corpus.sources.synthetic.draws import Draws
from alm.tasks.question import OPTIONS, Question

DIGITS = "0123456789"
N_ITEMS = 4
N_SHOTS = 3
Items = Sequence[str]


def pose_copy(draws: Draws) -> Question:
    """Ask for a list as it is; the wrong answers are other orders of it."""
    return _pose(draws, list, lambda asked: asked)


def pose_reverse(draws: Draws) -> Question:
    """Ask for a list from its end; the wrong answers are other orders of it."""
    return _pose(draws, lambda items: items[::-1], lambda asked: asked)


def pose_sort(draws: Draws) -> Question:
    """Ask for a list in order; the wrong answers are in order too, but of other digits."""
    return _pose(draws, sorted, lambda _: DIGITS)


def _pose(draws: Draws, rule: Callable[[Items], Items], pool: Callable[[Items], Items]) -> Question:
    """Show a rule, then ask; the wrong answers are what it makes of other lists from a pool."""
    *shots, asked = (draws.sample(DIGITS, N_ITEMS) for _ in range(N_SHOTS + 1))
    lines = [f"{_spell(shot)} -> {_spell(rule(shot))}\n" for shot in shots]
    answers = [_spell(rule(asked))]
    while len(answers) < OPTIONS:
        other = _spell(rule(draws.sample(pool(asked), N_ITEMS)))
        answers += [other] if other not in answers else []
    right, *others = (f" {answer}\n" for answer in answers)
    return Question(
        prompt=f"{''.join(lines)}{_spell(asked)} ->",
        answer=right,
        others=tuple(others),
        chance=1 / math.factorial(N_ITEMS),
        fact=f"{_spell(asked)} ->{right}".rstrip("\n"),
    )


def _spell(items: Items) -> str:
    return " ".join(items)
