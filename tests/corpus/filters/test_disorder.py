"""disorder: random characters and bare tags stand out, ordinary text does not."""

import pytest

from alm.corpus.filters import measure

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def jumbled(text):
    return measure([text], ["jumbled_pairs"])["jumbled_pairs"][0]


def tags(*texts):
    return list(measure(texts, ["tag_characters"])["tag_characters"])


def test_hexadecimal_digits_take_turns():
    assert jumbled(HEX) > 0.3


@pytest.mark.parametrize(
    "text", ["Some words, MANY of them.", "snake_case and CamelCase", "1234 + 4321", "h11", "é1é1é"]
)
def test_words_names_and_numbers_do_not(text):
    assert jumbled(text) < 0.1


def test_share_of_tags_leaves_spaces_out():
    assert tags('<a b="c">\n   </a>', "<p> ab cd </p>", "ab") == [1.0, 7 / 11, 0.0]


def test_comparison_is_no_tag():
    assert tags("if a < b and c > d", "a <b", "c> d", "<<a>") == [0.0, 0.0, 0.0, 3 / 4]
