"""Worked steps: every equation in them holds, and the last one gives the answer."""

import operator
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.sources.synthetic import working
from alm.corpus.sources.synthetic.working import WORKING

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
EQUATION = re.compile(r"(\d+(?: [+*-] \d+)+) = (\d+)")
SMALL = st.integers(1, 999)


def evaluate(terms):
    """Work out ``1 + 2 + 3`` from left to right; no line mixes operations."""
    total, *rest = terms.split(" ")
    total = int(total)
    for sign, number in zip(rest[::2], rest[1::2], strict=True):
        total = OPERATIONS[sign](total, int(number))
    return total


def check(lines, answer):
    text = "\n".join(lines)
    for terms, result in EQUATION.findall(text):
        assert evaluate(terms) == int(result), text
    return text


@pytest.mark.parametrize("way", sorted(set(WORKING["+"]), key=str), ids=lambda f: f.__name__)
@given(SMALL, SMALL)
def test_sums_hold(way, a, b):
    text = check(way(a, b), a + b)

    if way is not working.add_by_columns:
        assert text.endswith((f"= {a + b}", f"= {a + b}."))


@pytest.mark.parametrize("way", sorted(set(WORKING["-"]), key=str), ids=lambda f: f.__name__)
@given(SMALL, SMALL)
def test_differences_hold(way, a, b):
    a, b = max(a, b), min(a, b)

    text = check(way(a, b), a - b)

    if way is not working.subtract_by_columns:
        assert text.endswith((f"= {a - b}", f"= {a - b}."))


@pytest.mark.parametrize("way", sorted(set(WORKING["*"]), key=str), ids=lambda f: f.__name__)
@given(st.integers(11, 999), st.integers(2, 9))
def test_products_hold(way, a, b):
    assert check(way(a, b), a * b).endswith(f"= {a * b}")


@pytest.mark.parametrize("way", sorted(set(WORKING["/"]), key=str), ids=lambda f: f.__name__)
@given(st.integers(2, 99), st.integers(2, 9))
def test_quotients_hold(way, quotient, b):
    text = check(way(quotient * b, b), quotient)

    assert re.search(rf"\b{quotient}\b", text.split("\n")[-1]) or quotient < 10


@pytest.mark.parametrize("way", sorted(set(WORKING[">"]), key=str), ids=lambda f: f.__name__)
@given(st.integers(100, 999), st.integers(100, 999))
def test_comparisons_hold(way, a, b):
    text = check(way(a, b), max(a, b))

    for more, less in re.findall(r"(\d) is more than (\d)", text):
        assert int(more) > int(less)


@given(SMALL, SMALL)
def test_written_digits_are_those_of_the_sum(a, b):
    digits = re.findall(r"Write (\d+)", "\n".join(working.add_by_columns(a, b)))

    assert int("".join(reversed(digits))) == a + b


@given(SMALL, SMALL)
def test_columns_of_a_difference_are_its_digits(a, b):
    a, b = max(a, b), min(a, b)

    digits = re.findall(r"= (\d)\.$", "\n".join(working.subtract_by_columns(a, b)), re.MULTILINE)

    assert int("".join(reversed(digits))) == a - b
