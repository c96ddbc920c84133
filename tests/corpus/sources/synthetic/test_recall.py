"""Recall: one fact answers the question, and only one."""

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.recall import KINDS, state_facts


@pytest.fixture(scope="module")
def passages():
    return [state_facts(Draws.of_document(1, i)) for i in range(2000)]


def test_answer_stands_in_the_facts(passages):
    for passage in passages:
        _, *facts, _ = passage.truth["prompt"].split("\n")
        assert 3 <= len(facts) <= 8
        assert any(passage.truth["answer"] in fact for fact in facts)


def test_one_fact_fits_question_and_answer(passages):
    """Independent of the generator: take each kind's sentences apart again."""
    for passage in passages[:200]:
        _, *facts, question = passage.truth["prompt"].split("\n")
        answers = set()
        for kind in KINDS:
            for key in (k for k in kind.keys if any(k in fact for fact in facts)):
                values = [v for v in kind.values if kind.fact.format(k=key, v=v) in facts]
                for value in values:
                    if question == f"Question: {kind.question.format(k=key)}":
                        answers.add(value)
                    if kind.reverse and question == f"Question: {kind.reverse.format(v=value)}":
                        answers.add(key)
        assert answers == {passage.truth["answer"]}


def test_both_directions_are_asked(passages):
    questions = [passage.truth["prompt"].split("\n")[-1] for passage in passages]

    assert any(question.startswith("Question: Who") for question in questions)
    assert any(question.startswith("Question: What") for question in questions)


def test_facts_differ(passages):
    for passage in passages:
        facts = passage.truth["prompt"].split("\n")[1:-1]
        assert len(set(facts)) == len(facts)
