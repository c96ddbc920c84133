"""Pieces: bounded, complete, and cut where a reader would cut."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.sources.pieces import split_stream, split_text


@given(st.binary(), st.integers(1, 20), st.integers(0, 21))
def test_pieces_are_short_and_join_to_what_was_read(data, limit, n_head):
    stream = io.BytesIO(data)
    head = stream.read(min(n_head, limit + 1))

    pieces = list(split_stream(stream.read, limit, head))

    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= limit for piece in pieces)


@given(st.text(st.characters(codec="utf-8")), st.integers(4, 20))
def test_characters_are_never_cut(text, limit):
    assert "".join(split_text(text, limit)) == text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("aa\nbb\ncc dd", ["aa\nbb\n", "cc dd"]),
        ("aa bb ccdd", ["aa bb ", "ccdd"]),
        ("aabbccddee", ["aabbccdd", "ee"]),
        ("ééééé", ["éééé", "é"]),
        ("aé\U0001f600é", ["aé\U0001f600", "é"]),
        ("12345678", ["12345678"]),
    ],
)
def test_cut_is_after_a_line_else_a_word_else_a_character(text, pieces):
    assert list(split_text(text, 8)) == pieces


def test_no_more_than_a_piece_is_asked_for():
    asked = []

    def read(n):
        asked.append(n)
        return b"x" * n if len(asked) < 50 else b""

    list(split_stream(read, 100))

    assert max(asked) <= 101
