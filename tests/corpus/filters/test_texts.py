"""texts: bytes are counted in the text that they belong to."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.filters import texts as module
from alm.corpus.filters.texts import CLASSES, DIGIT, LETTER, SYMBOL, Texts


@given(st.lists(st.text(st.sampled_from("ab\n é漢")), max_size=6), st.integers(1, 9))
def test_histogram_counts_the_bytes_of_each_text(texts, block):
    module.BLOCK, before = block, module.BLOCK
    try:
        histogram = Texts(texts).histogram
    finally:
        module.BLOCK = before

    for row, text in zip(histogram, texts, strict=True):
        assert {byte: n for byte, n in enumerate(row) if n} == Counter(text.encode())


def test_classes_are_those_of_ascii_and_all_other_bytes_are_letters():
    for byte in range(256):
        char = chr(byte)
        if byte >= 128 or "a" <= char <= "z" or "A" <= char <= "Z":
            assert CLASSES[byte] == LETTER
        elif "0" <= char <= "9":
            assert CLASSES[byte] == DIGIT
        else:
            assert CLASSES[byte] == (0 if char in "\t\n\r " else SYMBOL)


def test_phrases_are_found_in_either_case_and_never_over_two_texts():
    texts = Texts(["A use COOKIES.", "use", "cookies", "", "uSe cookieSuse cookies"])

    assert list(texts.count(texts.find(b"use cookies"))) == [1, 0, 0, 0, 2]


def test_marks_are_matched_up_to_the_end_of_a_text():
    texts = Texts(["..", ".."])

    assert list(texts.match(np.arange(6), b"..")) == [True, False, False, True, False, False]
    assert list(texts.match(np.array([-1, -2]), b".")) == [False, True]


def test_characters_are_counted_where_they_begin():
    texts = Texts(["aé漢\U0001f600"])

    assert list(texts.count_characters(np.array([0, 1, 3]), np.array([10, 3, 10]))) == [4, 1, 2]
