"""The suite: fixed questions, as many as the context allows."""

import hashlib
from typing import get_args

import pytest

from alm.config import EvaluateConfig
from alm.tasks.measurement import JSON, SAMPLES
from alm.tasks.suite import QUESTIONS, draws_of, pose

KINDS = {row: make for rows in QUESTIONS.values() for row, make in rows.items()}


def test_every_task_that_can_be_named_is_there():
    (names, _) = get_args(EvaluateConfig.__dataclass_fields__["tasks"].type)

    assert {*QUESTIONS, JSON, SAMPLES} == set(get_args(names))


def test_questions_never_change(tokenizer):
    """Figures of models that were asked at different times are compared."""
    texts = [
        question.prompt + question.answer + "".join(question.others)
        for row, make in KINDS.items()
        for question, _ in pose(row, make, tokenizer, 5, 1000)
    ]

    assert hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16] == "6df91c1aaed37eb5"


@pytest.mark.parametrize("row", KINDS)
def test_questions_that_are_too_long_are_left_out_for_others(tokenizer, row):
    whole = pose(row, KINDS[row], tokenizer, 30, 1000)
    longest = max(sheet.n_tokens for _, sheet in whole)
    fitting = pose(row, KINDS[row], tokenizer, 30, longest - 1)

    assert len(whole) == 30
    assert all(sheet.n_tokens < longest for _, sheet in fitting)
    assert not fitting or fitting[0] == next(e for e in whole if e[1].n_tokens < longest)


def test_context_without_room_is_asked_nothing(tokenizer):
    assert pose("copy", KINDS["copy"], tokenizer, 5, 8) == []


def test_rows_have_questions_of_their_own():
    assert draws_of("copy", 0).bits() != draws_of("sort", 0).bits() != draws_of("sort", 1).bits()
