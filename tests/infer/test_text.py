"""TextStream: whole characters, no symbols, and stop strings wherever the tokens are cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alm.errors import ConfigError
from alm.infer import TextStream
from alm.tokenizer import CONTROL_IDS, PAD_ID, Tokenizer


class Chunks:
    """A vocabulary made for one test: token i spells chunk i."""

    def __init__(self, chunks):
        self._chunks = chunks

    def decode_bytes(self, ids):
        return b"".join(self._chunks[i] for i in ids)


def stream_chunks(chunks, stop=()):
    """Feed every chunk as a token, as long as the stream wants one; return the pieces."""
    stream = TextStream(Chunks(chunks), stop)
    pieces = []
    for i in range(len(chunks)):
        pieces.append(stream.feed(i))
        if stream.stopped:
            return pieces
    return [*pieces, stream.finish()]


def cut_slowly(text, stop):
    """Read character by character until the text ends in a stop string."""
    for end in range(1, len(text) + 1):
        found = [each for each in stop if text[:end].endswith(each)]
        if found:
            return text[: end - max(map(len, found))]
    return text


@given(st.lists(st.binary(max_size=4), max_size=8))
def test_pieces_joined_are_the_text_of_all_bytes(chunks):
    assert "".join(stream_chunks(chunks)) == b"".join(chunks).decode("utf-8", "replace")


@given(st.text(min_size=1, max_size=8))
def test_no_piece_splits_a_character(text):
    chunks = [bytes([byte]) for byte in text.encode()]

    pieces = stream_chunks(chunks)

    assert "".join(pieces) == text
    assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in text


@given(
    st.lists(st.text("ab\u00e9", max_size=3), max_size=8),
    st.lists(st.text("ab\u00e9", min_size=1, max_size=3), max_size=3),
)
@example(["aba"], ["aba", "b"])
def test_text_ends_before_the_stop_string_completed_first_however_it_is_cut(parts, stop):
    pieces = stream_chunks([part.encode() for part in parts], stop)

    assert "".join(pieces) == cut_slowly("".join(parts), stop)


def test_stop_string_across_three_tokens_is_never_shown():
    pieces = stream_chunks([b"one", b" E", b"N", b"D two"], stop=["END"])

    assert pieces == ["one", " ", "", ""]


def test_nothing_comes_behind_a_stop_string():
    stream = TextStream(Chunks([b"ax\xe2"]), ["x"])

    assert (stream.feed(0), stream.finish()) == ("a", "")


def test_what_only_began_like_a_stop_string_is_shown_late_but_shown():
    assert stream_chunks([b"a E", b"N", b"T"], stop=["END"]) == ["a ", "", "ENT", ""]
    assert stream_chunks([b"a E", b"N"], stop=["END"]) == ["a ", "", "EN"]


def test_text_without_stop_strings_is_never_held_back():
    assert stream_chunks([b"a", b"b"]) == ["a", "b", ""]


def test_character_cut_off_at_the_end_becomes_a_replacement():
    assert stream_chunks([b"a", b"\xe2\x82"]) == ["a", "", "\ufffd"]


def test_control_symbols_and_specials_have_no_text(corpus):
    tokenizer = Tokenizer.load(corpus / "tokenizer")
    stream = TextStream(tokenizer, ())

    silent = [PAD_ID, tokenizer.bos_id, tokenizer.eos_id, *CONTROL_IDS.values()]
    assert len(silent) > 6
    assert [stream.feed(i) for i in silent] == [""] * len(silent)


def test_empty_stop_string_is_refused(tokenizer):
    with pytest.raises(ConfigError, match="found an empty one; leave it out"):
        TextStream(tokenizer, ["x", ""])


def test_one_string_in_place_of_a_list_is_refused(tokenizer):
    with pytest.raises(ConfigError, match=r"expected a list of stop strings, found 'END'"):
        TextStream(tokenizer, "END")
