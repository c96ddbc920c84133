"""Passages: what every task promises about its truth."""

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.reader import TASKS


@pytest.mark.parametrize("task", TASKS)
def test_question_comes_first_and_its_answer_last(task):
    for seed in range(500):
        passage = TASKS[task](Draws(seed))
        assert passage.text == passage.text.strip()
        if task != "stories":
            assert passage.text.startswith(passage.truth["prompt"] + "\n")
            assert passage.text.endswith(f"\nAnswer: {passage.truth['answer']}.")


@pytest.mark.parametrize("task", TASKS)
def test_equal_draws_give_equal_passages(task):
    assert TASKS[task](Draws(7)) == TASKS[task](Draws(7))
