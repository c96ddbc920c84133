"""Questions of every kind: one right answer among wrong ones of the same form."""

import pytest

from alm.tasks.question import OPTIONS
from alm.tasks.suite import QUESTIONS, draws_of

KINDS = {row: make for rows in QUESTIONS.values() for row, make in rows.items()}
every_kind = pytest.mark.parametrize("row", KINDS)


def pose_many(row, n=100):
    return [KINDS[row](draws_of(row, number)) for number in range(n)]


@every_kind
def test_answers_differ_and_none_is_the_beginning_of_another(row):
    for question in pose_many(row):
        answers = [question.answer, *question.others]

        assert len(answers) == OPTIONS
        for i, answer in enumerate(answers):
            others = answers[:i] + answers[i + 1 :]
            assert not any(other.startswith(answer) for other in others)


@every_kind
def test_an_answer_goes_on_where_the_prompt_ends(row):
    for question in pose_many(row, 10):
        assert question.prompt[-1] not in " \n"
        assert question.answer[0] == " "
        assert question.answer[-1] in ".\n"


@every_kind
def test_a_guess_is_seldom_right(row):
    assert all(0 < question.chance <= 1 / OPTIONS for question in pose_many(row))


@every_kind
def test_a_line_that_gives_the_answer_away_ends_with_it(row):
    for question in pose_many(row, 10):
        text = question.prompt + question.answer
        assert question.fact is None or text.rstrip("\n").endswith(f"\n{question.fact}")


@every_kind
def test_whoever_does_not_read_the_prompt_is_right_by_chance_alone(row):
    """The right answer is the first, or the last, by any order among the four as often as others.

    With 400 questions the share of a quarter has a standard error of 0.022.
    """
    questions = pose_many(row, 400)
    for key in (str, lambda answer: answer[::-1], lambda answer: (len(answer), answer)):
        first = sum(min([q.answer, *q.others], key=key) == q.answer for q in questions)
        assert first / len(questions) == pytest.approx(1 / OPTIONS, abs=0.08)
