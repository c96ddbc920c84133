"""Sums by the number of their digits, in the words of the synthetic corpus."""

from alm.corpus.sources.synthetic.draws import Draws
from alm.tasks.question import OPTIONS, Question


def pose_sum(draws: Draws, n_digits: int) -> Question:
    """Ask for the sum or the difference of two numbers of ``n_digits`` digits.

    The wrong answers are the right ones of other such questions. A guess is among all numbers as
    long as the right one.

    Reference:
        Brown et al. 2020 (arXiv:2005.14165), section 3.9.1, for accuracy by number of digits.
    """
    sign = draws.pick("+-")
    a, b, result = _draw(draws, sign, n_digits)
    answers = [f" {result}\n"]
    while len(answers) < OPTIONS:
        other = f" {_draw(draws, sign, n_digits)[2]}\n"
        answers += [other] if other not in answers else []
    return Question(
        prompt=f"What is {a} {sign} {b}?\n{a} {sign} {b} =",
        answer=answers[0],
        others=tuple(answers[1:]),
        chance=1 / (10 if result < 10 else 9 * 10 ** (len(str(result)) - 1)),
        fact=f"{a} {sign} {b} = {result}",
    )


def _draw(draws: Draws, sign: str, n_digits: int) -> tuple[int, int, int]:
    """Return two numbers and what they come to, which is never below zero."""
    least = 10 ** (n_digits - 1)
    b, a = sorted(draws.between(least, 10 * least - 1) for _ in range(2))
    if sign == "-":
        return a, b, a - b
    return (a, b, a + b) if draws.chance(1, 2) else (b, a, a + b)
