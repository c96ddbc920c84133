"""stretches: lines and paragraphs, blank ones left out."""

import pytest

from alm.corpus.filters.stretches import cut_stretches
from alm.corpus.filters.texts import Texts
from alm.corpus.filters.words import Words


@pytest.fixture
def cut():
    def cut(texts, newlines=1):
        texts = Texts(texts)
        return cut_stretches(texts, Words(texts), newlines)

    return cut


def test_lines_and_paragraphs_are_counted_in_their_text(cut):
    texts = ["\n\na b\n \nc\nd\n\n", "", " e", "f"]

    assert list(cut(texts).per_text) == [3, 0, 1, 1]
    assert list(cut(texts, newlines=2).per_text) == [2, 0, 1, 1]


def test_lines_are_equal_when_their_words_are(cut):
    lines = cut(["a b\n  a\tb \nab\na b c", "a b"])

    assert list(lines.duplicates) == [False, True, False, False, False]
    assert list(lines.duplicate_characters()) == [2 / 9, 0]


def test_length_counts_the_spaces_within_a_line(cut):
    assert list(cut(["  a  é \n b"]).characters()) == [4, 1]


def test_marks_stand_at_the_ends_of_a_line(cut):
    lines = cut(["- a...\n.-\n..", "..."])

    assert list(lines.begin_with(b"-", b"..")) == [True, False, True, True]
    assert list(lines.end_with(b"...")) == [True, False, False, True]
