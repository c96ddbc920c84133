"""requirements: a score first, then the rules, then passages; what is first is the reason."""

import pytest

from alm.corpus import Document
from alm.corpus.filters import Breach, Passages
from alm.corpus.filters.requirements import Requirements

SPAM = "buy cheap kites online now " * 6


@pytest.fixture
def decide(config):
    def decide(text, names=(), score_min=None, **meta):
        passages = Passages.of([b"one two three four"], 3)
        requirements = Requirements.of(config, names, score_min, passages)
        return requirements.check([Document("x", "s", text, meta)])[0]

    return decide


def test_score_below_the_least_is_dropped(decide):
    assert decide("x", score_min=3.0, score=2.5) == Breach("score", 2.5, 3.0)
    assert decide("x", score_min=3.0, score=3) is None
    assert decide("x", score=0) is None


@pytest.mark.parametrize("score", [None, "4", True])
def test_document_without_a_score_is_dropped_where_one_is_asked_for(decide, score):
    meta = {} if score is None else {"score": score}

    assert decide("x", score_min=3.0, **meta) == Breach("score:missing", None, 3.0)


def test_passages_count_only_where_they_are_looked_for(decide):
    text = "and one two three four"

    assert decide(text) is None
    assert decide(text, ["decontamination"]) == Breach("contaminated", 2, 0)


def test_first_reason_is_named(decide):
    text = SPAM + "one two three"
    names = ["decontamination", "coherent"]

    assert decide(text, names, score_min=1.0, score=0).reason == "score"
    assert decide(text, names).reason == "coherent:duplicate_10gram_characters"
