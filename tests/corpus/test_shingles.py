"""Shingles: the runs of words that a plain reading finds, whoever stands beside them."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus import shingles
from alm.corpus.shingles import MULTIPLIER, shingle_texts

WORD = re.compile(rb"[0-9A-Za-z_\x80-\xff]+")
TEXT = st.text("aB1_ .\nß漢À\u07ff").map(str.encode)
M64 = (1 << 64) - 1


def scramble(x):
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & M64
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & M64
    return x ^ x >> 33


def hash_plainly(text, n_words):
    """Independent reference: one word, one shingle, one integer at a time."""
    words = [
        scramble(sum(byte * pow(MULTIPLIER, k, 1 << 64) for k, byte in enumerate(word)) & M64)
        for word in WORD.findall(text.lower())
    ]
    n_shingles = max(len(words) - n_words + 1, min(len(words), 1))
    found = []
    for i in range(n_shingles):
        run = words[i : i + n_words] + [0] * (n_words - len(words))
        total = 0
        for word in run:
            total = (total * MULTIPLIER + word) & M64
        found.append(scramble(total))
    return found


def by_text(texts, n_words):
    """Hashes of each text, as lists."""
    found = shingle_texts(texts, n_words)
    assert len(found.counts) == len(texts)
    return [part.tolist() for part in np.split(found.hashes, np.cumsum(found.counts))[:-1]]


@pytest.fixture
def small_buffer(monkeypatch):
    """Let a few words fill a buffer."""
    monkeypatch.setattr(shingles, "BUFFER_BYTES", 16)


@given(st.lists(TEXT, max_size=6), st.integers(1, 5))
def test_hashes_are_those_of_the_definition(texts, n_words):
    assert by_text(texts, n_words) == [hash_plainly(text, n_words) for text in texts]


@pytest.mark.usefixtures("small_buffer")
@pytest.mark.parametrize("text", [b"a" * 50, b"ab " * 30, b"one two thr" + b"e" * 16, b" " * 40])
@pytest.mark.parametrize("n_words", [1, 3])
def test_text_longer_than_the_buffer_is_the_same_text(text, n_words):
    neighbours = [b"x y", text, b"z"]

    assert by_text(neighbours, n_words) == [hash_plainly(each, n_words) for each in neighbours]


def test_any_length_beside_the_buffer_is_right(monkeypatch):
    texts = [(b"word " * 40)[:n] for n in range(60)]
    expected = [hash_plainly(text, 2) for text in texts]
    for n_bytes in range(1, 40):
        monkeypatch.setattr(shingles, "BUFFER_BYTES", n_bytes)

        assert by_text(texts, 2) == expected


def test_text_does_not_depend_on_its_neighbours():
    texts = [b"few words", b"", b"one two three four five six", b"few words", b"...", b"x"]

    assert by_text(texts, 4) == [by_text([text], 4)[0] for text in texts]


def test_case_counts_in_ascii_alone():
    assert by_text([b"Some Words"], 2) == by_text([b"some wORDS"], 2)
    assert by_text(["Ähre".encode()], 1) != by_text(["ähre".encode()], 1)


def test_what_stands_between_words_does_not_count():
    assert by_text([b"one, two;  three!"], 2) == by_text([b"(one) two\n***three"], 2)


def test_short_text_has_one_shingle_and_one_without_words_has_none():
    counts = shingle_texts([b"one two", b"one", b"?!", b"", b"a b c d e"], 5).counts

    assert counts.tolist() == [1, 1, 0, 0, 1]


def test_no_texts_have_no_shingles():
    found = shingle_texts([], 5)

    assert found.hashes.shape == found.counts.shape == (0,)
