"""Copy, reverse and sort: three examples of a rule, and a list to apply it to."""

import pytest

from alm.tasks.orders import N_SHOTS, pose_copy, pose_reverse, pose_sort
from alm.tasks.suite import draws_of

RULES = [
    (pose_copy, lambda items: items),
    (pose_reverse, lambda items: [items[3], items[2], items[1], items[0]]),
    (pose_sort, sorted),
]
by_rule = pytest.mark.parametrize(("make", "rule"), RULES, ids=["copy", "reverse", "sort"])


def pose_many(make):
    return [make(draws_of("test", number)) for number in range(50)]


@by_rule
def test_examples_and_answer_follow_the_rule(make, rule):
    for question in pose_many(make):
        lines = (question.prompt + question.answer).splitlines()

        assert len(lines) == N_SHOTS + 1
        for line in lines:
            given, made = (part.split() for part in line.split(" ->"))
            assert made == rule(given)
            assert len(set(given)) == 4


@by_rule
def test_wrong_answers_break_it(make, rule):
    for question in pose_many(make):
        given = question.prompt.splitlines()[-1].removesuffix(" ->").split()

        assert all(other.split() != rule(given) for other in question.others)


@pytest.mark.parametrize("make", [pose_copy, pose_reverse])
def test_wrong_orders_are_of_the_same_digits(make):
    for question in pose_many(make):
        assert {tuple(sorted(other)) for other in question.others} == {
            tuple(sorted(question.answer))
        }


def test_wrong_sorted_lists_are_in_order_too():
    for question in pose_many(pose_sort):
        assert all(other.split() == sorted(other.split()) for other in question.others)


def test_a_guess_is_among_all_orders():
    assert {question.chance for question in pose_many(pose_copy)} == {1 / 24}
