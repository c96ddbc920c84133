"""Pieces read from the model's bytes: what SentencePiece says they are, or a clear error."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from alm.errors import IntegrityError
from alm.tokenizer.model_proto import MOST_PIECES, Kind, Settings, read_pieces, read_settings


def test_pieces_are_those_of_sentencepiece(model):
    reference = SentencePieceProcessor(model_proto=model)

    pieces = read_pieces(model)

    assert len(pieces) == reference.get_piece_size()
    for i, (text, score, kind) in enumerate(pieces):
        assert (text, score) == (reference.id_to_piece(i), reference.get_score(i))
        assert (kind is Kind.CONTROL) == reference.is_control(i)
        assert (kind is Kind.BYTE) == reference.is_byte(i)
        assert (kind is Kind.UNKNOWN) == reference.is_unknown(i)


def test_newline_and_tab_are_the_user_defined_pieces(model):
    found = [piece.text for piece in read_pieces(model) if piece.kind is Kind.USER_DEFINED]

    assert found == ["\n", "\t"]


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x7fabc", b"\x0a\x02\x18\x09", b"hello", b"\xff" * 99]
)
def test_something_else_is_refused(data):
    with pytest.raises(IntegrityError, match="expected a SentencePiece model, found"):
        read_pieces(data)


def test_more_pieces_than_any_vocabulary_has_are_refused():
    piece = b"\x0a\x03\x0a\x01a"

    assert len(read_pieces(piece * 1000)) == 1000
    with pytest.raises(IntegrityError, match="expected a SentencePiece model, found"):
        read_pieces(piece * (MOST_PIECES + 1))


@settings(max_examples=300)
@given(data=st.data())
def test_damage_gives_pieces_or_a_clear_error(model, data):
    damaged = bytearray(model)
    at = data.draw(st.integers(0, len(model) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))

    with contextlib.suppress(IntegrityError):
        read_pieces(bytes(damaged[: data.draw(st.sampled_from([at + 1, len(model)]))]))


def test_what_a_model_does_not_say_has_the_default_of_sentencepiece():
    assert read_settings(b"") == Settings(
        is_bpe=False,
        has_byte_fallback=False,
        rewrites_characters=False,
        adds_prefix=True,
        removes_spaces=True,
        escapes_spaces=True,
    )


def test_last_word_on_a_setting_counts_wherever_it_stands(model):
    assert not read_settings(model).adds_prefix
    assert read_settings(model + b"\x1a\x02\x18\x01").adds_prefix  # normalizer, 2 bytes, prefix


@settings(max_examples=100)
@given(data=st.data())
def test_damage_gives_settings_or_a_clear_error(model, data):
    end = data.draw(st.integers(0, len(model) - 1))

    with contextlib.suppress(IntegrityError):
        read_settings(model[len(model) // 2 : end])
