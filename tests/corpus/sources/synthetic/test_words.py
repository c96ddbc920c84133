"""The word lists: no word twice, and articles that fit."""

import re

import pytest

from alm.corpus.sources.synthetic.words import WORDS, read_table, with_article


def test_entry_goes_on_over_indented_lines():
    assert read_table("a: x y, z,\n    u v\n    w, t\nb: s") == {
        "a": ("x y", "z", "u v w", "t"),
        "b": ("s",),
    }


@pytest.mark.parametrize("name", WORDS)
def test_list_has_no_word_twice_and_no_stray_mark(name):
    words = WORDS[name]

    assert len(set(words)) == len(words) > 1
    assert all(re.fullmatch(r"[A-Za-z]+(?:['\- ][A-Za-z]+)*", word) for word in words)


def test_lists_hold_enough_words_for_a_lexicon():
    words = {word.lower() for items in WORDS.values() for item in items for word in item.split()}

    assert len(words) > 1000


@pytest.mark.parametrize(
    ("words", "phrase"), [("owl", "an owl"), ("fox", "a fox"), ("Otter", "an Otter")]
)
def test_article_follows_the_letter(words, phrase):
    assert with_article(words) == phrase


def test_no_word_has_a_sound_that_belies_its_letter():
    """``a unicorn`` and ``an hour`` would need more than the letter."""
    tricky = re.compile(r"(?:uni|use|usu|eu|one|hour|hon[^e])", re.IGNORECASE)
    kinds = "trait look colour fur cosy thing species animal job plant contest project fragile tool"

    assert not [word for kind in kinds.split() for word in WORDS[kind] if tricky.match(word)]
