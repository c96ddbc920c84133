"""repetition: known shares of known texts. ``test_features`` compares with a slow reading."""

import pytest

from alm.corpus.filters.repetition import Repetition
from alm.corpus.filters.texts import Texts
from alm.corpus.filters.words import Words


@pytest.fixture
def repetition():
    return lambda *texts: Repetition(Words(Texts(texts)))


def test_commonest_run_counts_once_for_each_time_it_is_said(repetition):
    found = repetition("ab cd x ab cd y ab cd", "ab cd", "one two three four")

    assert list(found.top_ngram(2)) == [12 / 14, 0, 0]


def test_of_equally_common_runs_the_longest_counts(repetition):
    assert list(repetition("a b a b long run long run").top_ngram(2)) == [14 / 18]


def test_overlap_is_held_to_one(repetition):
    assert list(repetition("a a a a").top_ngram(2)) == [1.0]


def test_first_time_does_not_count_and_no_character_counts_twice(repetition):
    once = "a b c d e f g"

    assert list(repetition(f"{once} x {once}").duplicate_ngrams(5)) == [7 / 15]
    assert list(repetition(once, once).duplicate_ngrams(5)) == [0, 0]


def test_lengths_may_be_asked_for_in_any_order(repetition):
    text = "a b c d e f g h i j k " * 3
    found = repetition(text)

    backwards = [found.duplicate_ngrams(n)[0] for n in range(10, 4, -1)]

    assert backwards == [repetition(text).duplicate_ngrams(n)[0] for n in range(10, 4, -1)]
