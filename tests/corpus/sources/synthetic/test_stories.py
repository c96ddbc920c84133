"""Stories: many words, and each told to its end."""

import re

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.stories import AWAY, PLOTS, tell_story


@pytest.fixture(scope="module")
def stories():
    return [tell_story(Draws.of_document(1, i)) for i in range(1500)]


def test_lexicon_has_over_a_thousand_words(stories):
    words = {word for story in stories for word in re.findall(r"[a-z]+", story.text.lower())}

    assert len(words) > 1500


def test_every_plot_is_told(stories):
    assert {story.truth["plot"] for story in stories} == set(PLOTS)
    assert set(PLOTS) >= AWAY


def test_no_two_stories_are_the_same(stories):
    assert len({story.text for story in stories}) == len(stories)


def test_most_stories_have_dialogue_and_several_sentences(stories):
    n_spoken = sum('"' in story.text for story in stories)

    assert n_spoken > 0.95 * len(stories)
    assert all(len(re.findall(r"[.!?]", story.text)) >= 6 for story in stories)


def test_quotation_marks_come_in_pairs(stories):
    for story in stories:
        assert all(line.count('"') % 2 == 0 for line in story.text.split("\n"))


def test_articles_fit_the_next_word(stories):
    wrong = re.compile(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiouAEIOU]")

    assert not [found for story in stories if (found := wrong.search(story.text))]
