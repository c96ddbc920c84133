"""The frames of a story: every line can be filled, and knows only who has appeared."""

import string

import pytest

from alm.corpus.sources.synthetic import frames
from alm.corpus.sources.synthetic.cast import Cast
from alm.corpus.sources.synthetic.draws import Draws

FRAMES = ("OPENING", "MIDWAY", "ENDING", "WAY_HOME", "MORAL")


@pytest.mark.parametrize("name", FRAMES)
def test_every_line_can_be_filled(name):
    for i, line in enumerate(getattr(frames, name)):
        filled = line.format_map(Cast(Draws(i)))
        assert "{" not in filled
        assert filled[0].isupper() or filled[0] == '"'
        assert filled[-1] in '.!?"'


@pytest.mark.parametrize("name", ["OPENING", "MIDWAY", "MORAL"])
def test_friend_is_not_named_where_they_may_not_have_come_yet(name):
    slots = [s for line in getattr(frames, name) for _, s, _, _ in string.Formatter().parse(line)]

    assert not {"friend", "fhe", "fhim", "fhis"} & {slot for slot in slots if slot}


def test_prompt_of_the_tiny_preset_is_a_usual_beginning():
    n_usual = sum(line.startswith("Once upon a time") for line in frames.OPENING)

    assert n_usual >= len(frames.OPENING) // 4


def test_beats_are_parted_by_empty_lines():
    assert frames.read_beats("\na\nb\n\nc\n") == (("a", "b"), ("c",))
