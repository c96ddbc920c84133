"""Recall: four facts of one kind, one question, and the values of the other keys as wrong ones."""

from alm.corpus.sources.synthetic.recall import KINDS, LEADS, state_facts
from alm.tasks.recall import pose_recall
from alm.tasks.suite import draws_of


def pose_many():
    return [pose_recall(draws_of("test", number)) for number in range(200)]


def kind_of(question):
    """Return the kind of fact whose key is asked for, and whose fact has the answer."""
    _, *facts, asked, end = question.prompt.split("\n")
    assert (len(facts), end) == (4, "Answer:")
    return next(
        kind
        for kind in KINDS
        for key in kind.keys
        if asked == f"Question: {kind.question.format(k=key)}"
        and kind.fact.format(k=key, v=question.answer[1:-1]) in facts
    )


def test_the_answer_is_the_value_of_the_key_that_is_asked_for():
    for question in pose_many():
        assert question.answer[1:-1] in kind_of(question).values


def test_wrong_answers_are_the_other_values():
    for question in pose_many():
        _, *facts, _, _ = question.prompt.split("\n")
        for answer in (question.answer, *question.others):
            assert any(answer.strip(" .") in fact for fact in facts)


def test_keys_and_values_differ():
    for question in pose_many():
        _, *facts, _, _ = question.prompt.split("\n")
        assert len(set(facts)) == len({question.answer, *question.others}) == 4


def test_every_kind_of_fact_and_every_place_is_asked_for():
    places = set()
    for question in pose_many():
        _, *facts, _, _ = question.prompt.split("\n")
        places |= {i for i, fact in enumerate(facts) if question.answer[1:-1] in fact}

    assert places == {0, 1, 2, 3}
    assert {kind_of(question).fact for question in pose_many()} == {kind.fact for kind in KINDS}


def test_the_corpus_has_the_same_form():
    for number in range(20):
        told = state_facts(draws_of("test", number))
        lead, *_, asked, answered = told.text.split("\n")

        assert lead in LEADS
        assert asked.startswith("Question: ")
        assert answered == f"Answer: {told.truth['answer']}."
