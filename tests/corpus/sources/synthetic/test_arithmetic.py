"""Sums: the answer is always right."""

import re

import pytest

from alm.corpus.sources.synthetic.arithmetic import NUMBERS, pose_sum
from alm.corpus.sources.synthetic.draws import Draws

EXPECTED = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    ">": max,
}


@pytest.fixture(scope="module")
def passages():
    return [pose_sum(Draws.of_document(1, i)) for i in range(3000)]


def test_answer_is_right(passages):
    for passage in passages:
        truth = passage.truth
        assert truth["answer"] == str(EXPECTED[truth["sign"]](truth["a"], truth["b"]))


def test_question_is_about_the_numbers_that_the_answer_is_for(passages):
    for passage in passages:
        numbers = [int(n) for n in re.findall(r"\d+", passage.truth["prompt"])]
        assert sorted(numbers) == sorted([passage.truth["a"], passage.truth["b"]])


def test_bare_question_can_be_computed_by_anyone(passages):
    asked = [re.match(r"(?:Compute|What is) (\d+) ([+*/-]) (\d+)", p.text) for p in passages]
    found = [(match, p) for match, p in zip(asked, passages, strict=True) if match]

    assert len(found) > 500
    for match, passage in found:
        expected = EXPECTED[match[2]](int(match[1]), int(match[3]))
        assert passage.text.endswith(f"Answer: {expected}.")


def test_every_operation_is_practised_and_quotients_are_whole(passages):
    assert {passage.truth["sign"] for passage in passages} == set(NUMBERS)
    for passage in passages:
        if passage.truth["sign"] == "/":
            assert passage.truth["a"] % passage.truth["b"] == 0
        if passage.truth["sign"] == "-":
            assert passage.truth["a"] >= passage.truth["b"]


def test_every_question_comes_with_working(passages):
    assert all(passage.text.count("\n") >= 2 for passage in passages)
