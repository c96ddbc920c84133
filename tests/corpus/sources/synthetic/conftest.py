"""What a plot must keep to, however its lines are chosen."""

import string

import pytest

from alm.corpus.sources.synthetic.cast import Cast
from alm.corpus.sources.synthetic.draws import Draws

FRIEND = {"friend", "fhe", "fhim", "fhis"}
INTRODUCED = ("friend_intro", "{friend}, the old {job},")
LONGEST = 400


def slots_of(line):
    return [slot[0].lower() + slot[1:] for _, slot, _, _ in string.Formatter().parse(line) if slot]


def introduces(line):
    return "friend_intro" in slots_of(line) or line.startswith("{friend}, the old {job},")


def check_beat(beat, *, known):
    """No line speaks of the friend before bringing them in."""
    for line in beat:
        first = next((slot for slot in slots_of(line) if slot in {*FRIEND, "friend_intro"}), None)
        assert known or first in {None, "friend_intro"} or introduces(line), line
    return known or all(map(introduces, beat))


def check_lines(beats):
    for seed, beat in enumerate(beats):
        assert len(set(beat)) == len(beat) >= 3
        for line in beat:
            filled = line.format_map(Cast(Draws(seed)))
            assert "{" not in filled
            assert filled.count('"') % 2 == 0, line
            assert filled[0].isupper() or filled[0] == '"', line
            assert filled[-1] in '.!?"', line
            assert "  " not in filled
            assert len(filled) < LONGEST


@pytest.fixture(scope="session")
def check_plot():
    def check(name, beats):
        assert len(beats) >= 6, name
        check_lines(beats)
        known = False
        for beat in beats:
            known = check_beat(beat, known=known)
        assert known, f"{name} ends without a friend"

    return check
