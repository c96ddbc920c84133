"""words: what stands between spaces, in its text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.filters.texts import DIGIT, LETTER, SYMBOL, Texts
from alm.corpus.filters.words import Words


@given(st.lists(st.text(st.sampled_from("ab \n\t\ré漢")), max_size=5))
def test_words_are_those_of_a_plain_split(texts):
    words = Words(Texts(texts))

    expected = [[w for w in re.split("[ \t\r\n]+", text) if w] for text in texts]
    flat = [(i, word) for i, row in enumerate(expected) for word in row]
    assert list(words.per_text) == [len(row) for row in expected]
    assert list(words.texts) == [i for i, _ in flat]
    assert list(words.characters) == [len(word) for _, word in flat]
    assert list(words.characters_per_text) == [sum(map(len, row)) for row in expected]
    assert list(words.stops - words.starts) == [len(word.encode()) for _, word in flat]
    assert len(set(words.hashes)) == len({word for _, word in flat})


def test_classes_of_a_word_are_those_of_its_bytes():
    words = Words(Texts(["ab 12 -- a1 é-", "x"]))

    assert list(words.classes) == [LETTER, DIGIT, SYMBOL, LETTER | DIGIT, LETTER | SYMBOL, LETTER]


def test_sums_keep_to_their_text():
    words = Words(Texts(["a b", "", "c"]))

    assert list(words.sum_by_text(words.characters)) == [2, 0, 1]
    assert list(Words(Texts(["", ""])).characters_per_text) == [0, 0]
