"""Sums with their working: a question, the steps a pupil would write, and the right answer."""

from collections.abc import Callable

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.questions import ask
from alm.corpus.sources.synthetic.working import WORKING

SIZES = (1, 2, 2, 2, 3, 3)  # digits of a number, as often as they stand here


def pose_sum(draws: Draws) -> Passage:
    """Return one worked sum."""
    sign = draws.pick(tuple(NUMBERS))
    a, b, answer = NUMBERS[sign](draws)
    prompt = ask(draws, sign, a, b)
    steps = draws.pick(WORKING[sign])(a, b)
    text = "\n".join([prompt, *steps, f"Answer: {answer}."])
    truth = {"prompt": prompt, "answer": str(answer), "a": a, "sign": sign, "b": b}
    return Passage(text, truth)


def _for_sum(draws: Draws) -> tuple[int, int, int]:
    a, b = _number(draws), _number(draws)
    return a, b, a + b


def _for_difference(draws: Draws) -> tuple[int, int, int]:
    a, b = sorted((_number(draws), _number(draws)), reverse=True)
    return a, b, a - b


def _for_product(draws: Draws) -> tuple[int, int, int]:
    a, b = draws.between(11, 99 if draws.chance(2, 3) else 999), draws.between(2, 9)
    return a, b, a * b


def _for_quotient(draws: Draws) -> tuple[int, int, int]:
    quotient, b = draws.between(2, 99), draws.between(2, 9)
    return quotient * b, b, quotient


def _for_comparison(draws: Draws) -> tuple[int, int, int]:
    size = draws.pick((2, 3, 3, 4))
    a, b = _of_size(draws, size), _of_size(draws, size)
    while a == b:
        b = _of_size(draws, size)
    return a, b, max(a, b)


def _number(draws: Draws) -> int:
    return _of_size(draws, draws.pick(SIZES))


def _of_size(draws: Draws, n_digits: int) -> int:
    return draws.between(10 ** (n_digits - 1), 10**n_digits - 1)


NUMBERS: dict[str, Callable[[Draws], tuple[int, int, int]]] = {
    "+": _for_sum,
    "-": _for_difference,
    "*": _for_product,
    "/": _for_quotient,
    ">": _for_comparison,
}
