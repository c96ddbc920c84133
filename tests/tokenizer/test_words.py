"""Words: every character is in one, but for those that end it."""

from hypothesis import given
from hypothesis import strategies as st

from alm.tokenizer.words import MAX_WORD, SPACE_MARK, UNKNOWN_MARK, count_words

ENDS = f"\t\n{SPACE_MARK}{UNKNOWN_MARK}"


def test_a_word_has_the_spaces_before_it():
    assert count_words(["to be  or to be"]) == {"to": 1, " be": 2, "  or": 1, " to": 1}


def test_newline_and_tab_are_in_no_word():
    assert count_words(["a\n b\t\tc \n  "]) == {"a": 1, " b": 1, "c": 1, " ": 1, "  ": 1}


def test_characters_that_sentencepiece_uses_itself_are_in_no_word():
    assert count_words([f"a{SPACE_MARK}b{UNKNOWN_MARK}c"]) == {"a": 1, "b": 1, "c": 1}


def test_line_separators_of_python_and_carriage_returns_are_letters():
    assert count_words(["a\u2028b\x0b\x0c\x85\r"]) == {"a\u2028b\x0b\x0c\x85\r": 1}


def test_a_long_word_is_cut_and_not_skipped():
    counts = count_words(["x" * (2 * MAX_WORD + 3), " " * (MAX_WORD + 1)])

    assert counts == {"x" * MAX_WORD: 2, "xxx": 1, " " * MAX_WORD: 1, " ": 1}


@given(st.text(alphabet=st.sampled_from(f"ab {ENDS}é\r"), max_size=60))
def test_no_other_character_is_lost(text):
    kept = "".join(c for c in text if c not in ENDS)

    counted = "".join(word * n for word, n in count_words([text]).items())

    assert sorted(counted) == sorted(kept)
