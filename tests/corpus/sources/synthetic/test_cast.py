"""Cast: a slot keeps its word, and other slots have other words."""

import pytest

from alm.corpus.sources.synthetic.cast import Cast
from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.words import WORDS, with_article

CASTS = range(300)


@pytest.fixture(params=[0, 1, 2, 3], ids=lambda seed: f"seed {seed}")
def cast(request):
    return Cast(Draws(request.param))


def test_slot_keeps_its_word(cast):
    thing = cast["thing"]

    assert thing in WORDS["thing"]
    assert {cast["thing"] for _ in range(20)} == {thing}
    assert cast["a_thing"] == with_article(thing)
    assert cast["Thing"] == thing.capitalize()
    assert cast["A_thing"] == with_article(thing).capitalize()


def test_numbered_slots_differ():
    for seed in CASTS:
        cast = Cast(Draws(seed))
        assert len({cast["spot"], cast["spot2"], cast["spot3"]}) == 3


def test_turns_of_speech_are_drawn_anew(cast):
    assert len({cast["said"] for _ in range(60)}) == len(WORDS["said"])


def test_place_is_one_place(cast):
    assert cast["in_place"].endswith(cast["place"])
    assert cast["to_place"] == f"to {cast['place']}"
    assert cast["place"].startswith("the ")


def test_people_are_consistent():
    for seed in CASTS:
        cast = Cast(Draws(seed))
        assert (cast["he"], cast["his"]) in {("he", "his"), ("she", "her")}
        assert cast["hero"] != cast["friend"]
        assert cast["friend"] in cast["friend_intro"]
        assert cast["hero"] in cast["intro"]
        assert (cast["hero"] in WORDS["girl"]) <= (cast["he"] == "she")
        assert (cast["friend"] in WORDS["girl"]) <= (cast["fhe"] == "she")
        assert (cast["kin"] in WORDS["woman"]) == (cast["khe"] == "she")


def test_children_live_in_houses_and_animals_in_dens():
    for seed in CASTS:
        cast = Cast(Draws(seed))
        animal = cast["kind"] in WORDS["species"]
        assert cast["home"] in WORDS["den" if animal else "home"]
        assert cast["hand"] == ("paw" if animal else "hand")
