"""Junk: what cleaning and filters are for."""

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.junk import KINDS, make_junk


@pytest.fixture(scope="module")
def junk():
    return [make_junk(Draws(seed)) for seed in range(300)]


def test_every_kind_is_made_and_named(junk):
    assert {passage.truth["junk"] for passage in junk} == set(KINDS)


def test_binary_junk_alone_has_control_characters(junk):
    for passage in junk:
        controls = sum(ord(char) < 32 and char not in "\t\n\r" for char in passage.text)
        assert (controls > 0.02 * len(passage.text)) == (passage.truth["junk"] == "binary")


def test_junk_is_never_blank(junk):
    assert all(len(passage.text.strip()) > 40 for passage in junk)
