"""Sums: of numbers with so many digits, with the right result."""

import re

import pytest

from alm.corpus.sources.synthetic.questions import PLAIN
from alm.tasks.suite import draws_of
from alm.tasks.sums import pose_sum

LINE = re.compile(r"What is (\d+) ([+-]) (\d+)\?\n(\1 \2 \3) =")


def pose_many(n_digits):
    return [pose_sum(draws_of("test", number), n_digits) for number in range(100)]


def read(question):
    a, sign, b, _ = LINE.fullmatch(question.prompt).groups()
    return int(a), sign, int(b)


@pytest.mark.parametrize("n_digits", [1, 2, 3])
def test_results_are_right_and_never_negative(n_digits):
    for question in pose_many(n_digits):
        a, sign, b = read(question)

        assert len(str(a)) == len(str(b)) == n_digits
        assert int(question.answer) == (a + b if sign == "+" else a - b) >= 0
        assert question.fact == f"{a} {sign} {b} ={question.answer}".strip()


def test_both_signs_and_both_orders_of_the_terms_come():
    asked = [read(question) for question in pose_many(2)]

    assert {sign for _, sign, _ in asked} == {"+", "-"}
    assert {a < b for a, sign, b in asked if sign == "+"} == {True, False}


def test_wrong_results_are_results_too():
    """Of two numbers below 100 none is above 198, and no difference is above 89."""
    for question in pose_many(2):
        most = 198 if read(question)[1] == "+" else 89
        assert all(0 <= int(other) <= most for other in question.others)


def test_a_guess_is_among_the_numbers_of_as_many_digits():
    chances = {len(question.answer.strip()): question.chance for question in pose_many(2)}

    assert chances == {1: 1 / 10, 2: 1 / 90, 3: 1 / 900}


def test_the_corpus_asks_in_the_same_words():
    assert "What is {a} + {b}?" in PLAIN["+"]
    assert "What is {a} - {b}?" in PLAIN["-"]
