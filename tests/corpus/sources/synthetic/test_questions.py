"""Questions: every form holds both numbers, and the right words for the operation."""

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.questions import PLAIN, PLURALS, TALES, ask


def test_every_operation_has_several_forms():
    assert PLAIN.keys() == TALES.keys()
    assert all(len(set(forms)) >= 4 for forms in (*PLAIN.values(), *TALES.values()))


@pytest.mark.parametrize("sign", PLAIN)
def test_question_holds_both_numbers_and_no_open_slot(sign):
    questions = {ask(Draws(seed), sign, 648, 9) for seed in range(300)}

    assert len(questions) > 50
    for question in questions:
        assert "648" in question
        assert "9" in question.replace("648", "")
        assert "{" not in question
        assert question[-1] in ".?"


def test_prompt_of_the_tiny_preset_is_a_usual_question():
    assert "Compute 27 + 58." in {ask(Draws(seed), "+", 27, 58) for seed in range(50)}


def test_plurals_are_plain():
    assert {"kites", "coins"} <= set(PLURALS)
    assert not {"brushs", "boxs", "cherrys"} & set(PLURALS)
