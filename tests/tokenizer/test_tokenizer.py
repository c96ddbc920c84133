"""Tokenizer: nothing is lost, nothing is forged, and a wrong model is refused."""

import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from alm.errors import InputError, IntegrityError
from alm.tokenizer import CONTROL_IDS, Kind, Tokenizer, train_tokenizer
from alm.tokenizer.symbols import SPECIALS

MARK = "\u2581"
TRAPS = [
    "",
    " ",
    "  a  ",
    "\n",
    "\r\n\n",
    "\t \t",
    MARK,
    f"{MARK}{MARK} {MARK}",
    "\u2585",
    "\0",
    "\ufeff",
]
SYMBOL_TEXTS = [*SPECIALS, *CONTROL_IDS, "<0x41>", "<0xE2><0x96><0x81>"]


@given(text=st.text() | st.lists(st.sampled_from(TRAPS + SYMBOL_TEXTS + ["x", "12"])).map("".join))
@example(text="".join(TRAPS))
@example(text="\U0010ffff\ufffe e\u0301 é ﬁ １ \u3000\u2028")
def test_every_string_comes_back(each, text):
    assert each.decode(each.encode(text)) == text


def test_every_character_comes_back(each):
    characters = [chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF]
    texts = ["".join(characters[i : i + 256]) for i in range(0, len(characters), 256)]

    encoded = each.encode_many(texts)

    assert len(characters) == 1_112_064
    for text, ids in zip(texts, encoded, strict=True):
        assert each.decode(ids) == text


@pytest.mark.nightly
def test_every_character_comes_back_by_itself(each):
    for i in range(sys.maxunicode + 1):
        if not 0xD800 <= i <= 0xDFFF:
            assert each.decode(each.encode(chr(i))) == chr(i)


@pytest.mark.parametrize(
    "n", [pytest.param(1000, id="some"), pytest.param(20_000, marks=pytest.mark.nightly)]
)
def test_random_strings_come_back(each, make_fuzz, n):
    texts = make_fuzz(n, seed=1)

    assert [each.decode(ids) for ids in each.encode_many(texts)] == texts


def test_every_character_comes_back_between_spaces(tokenizer):
    characters = [chr(i) for i in range(0x3100) if not 0xD800 <= i <= 0xDFFF]

    text = "  ".join(characters)

    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(
    text=st.lists(st.sampled_from(SYMBOL_TEXTS + ["<|", "|>", "<", "user", " ", "\n"])).map("".join)
)
def test_typed_symbols_stay_text(each, text):
    ids = each.encode(text)

    assert not set(ids) & {*range(4), *each.control_ids.values()}
    assert each.decode(ids) == text


def test_one_text_and_many_are_encoded_alike(each, texts):
    texts = [*texts, *TRAPS]

    many, plain = each.encode_many(texts), each.encode_plain(texts)

    assert all(ids.dtype == np.uint32 for ids in [*many, *plain])
    assert [ids.tolist() for ids in many] == [each.encode(text) for text in texts]
    assert [ids.tolist() for ids in plain] == [each.encode(text) for text in texts]


def test_ids_are_those_of_sentencepiece(tokenizer, model, texts):
    reference = SentencePieceProcessor(model_proto=model)

    assert [tokenizer.encode(text) for text in texts] == reference.encode(texts)
    for text in texts:
        assert tokenizer.decode(reference.encode(text)) == reference.decode(reference.encode(text))


def test_nothing_is_encoded_to_nothing(tokenizer):
    assert tokenizer.encode("") == []
    assert tokenizer.encode_many([]) == []
    assert tokenizer.decode([]) == ""


def test_space_mark_is_spelt_in_bytes_and_a_space_is_not(tokenizer):
    pieces = [tokenizer.pieces[i].text for i in tokenizer.encode(f"a{MARK} b")]

    assert pieces == ["a", "<0xE2>", "<0x96>", "<0x81>", "▁", "b"] or pieces[-1] == "▁b"
    assert pieces[1:4] == ["<0xE2>", "<0x96>", "<0x81>"]


def test_digits_are_apart(tokenizer):
    """60 years of one century would be pieces otherwise."""
    pieces = [tokenizer.pieces[i].text for i in tokenizer.encode("year 1700")]

    assert pieces[-4:] == ["1", "7", "0", "0"]


def test_an_indent_is_one_piece(tokenizer):
    assert MARK * 4 in {piece.text for piece in tokenizer.pieces}


@pytest.mark.parametrize(("text", "place"), [("\ud800", 0), ("ab\udfff", 2)], ids=ascii)
def test_half_a_character_is_refused(tokenizer, text, place):
    with pytest.raises(InputError, match=rf"lone surrogate U\+D[8F].. at character {place}"):
        tokenizer.encode_many(["fine", text])


def test_bytes_that_are_no_character_are_shown_as_such(tokenizer):
    euro = tokenizer.encode("€")

    assert tokenizer.decode_bytes(euro[:-1]) == "€".encode()[:-1]
    assert tokenizer.decode(euro[:-1]) == "\ufffd"
    assert tokenizer.decode(tokenizer.encode("a") + euro) == "a€"


def test_symbols_have_no_text_but_unknown(tokenizer):
    ids = [tokenizer.bos_id, *tokenizer.encode("a"), tokenizer.control_ids["<|end|>"]]

    assert tokenizer.decode([*ids, tokenizer.eos_id, tokenizer.pad_id]) == "a"
    assert tokenizer.decode([tokenizer.unk_id]) == "\ufffd"


@pytest.mark.parametrize("wrong", [-1, 480])
def test_id_outside_the_vocabulary_is_refused(tokenizer, wrong):
    with pytest.raises(InputError, match=f"below 480, found {wrong}"):
        tokenizer.decode([5, wrong])


def test_digest_is_of_what_decides_an_encoding(texts, config, model, tokenizer, train_with):
    stored_more = train_with(texts, vocab_size=480, input_sentence_size=10**6)
    named = Tokenizer(stored_more)
    other = Tokenizer(train_tokenizer(texts[:-1], config))

    assert stored_more != model
    assert named.pieces == tokenizer.pieces
    assert named.sha256 == tokenizer.sha256
    assert other.sha256 != tokenizer.sha256


@pytest.mark.parametrize(
    "change", [{"text": "zz"}, {"score": -0.5}, {"kind": Kind.UNUSED}], ids=str
)
def test_digest_is_of_all_of_a_piece(model, tokenizer, change):
    other = Tokenizer(model)

    other.pieces[400] = other.pieces[400]._replace(**change)

    assert other.sha256 != tokenizer.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"normalization_rule_name": "nmt_nfkc"},
        {"add_dummy_prefix": True},
        {"remove_extra_whitespaces": True},
    ],
    ids=str,
)
def test_model_that_loses_text_is_refused(texts, change, train_with):
    with pytest.raises(IntegrityError, match="loses characters"):
        Tokenizer(train_with(texts, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"control_symbols": ["<|user|>"]},
        {"user_defined_symbols": ["\n", "\t", *CONTROL_IDS], "control_symbols": ""},
        {"byte_fallback": False},
        {"pad_id": -1},
    ],
    ids=["other symbols", "forgeable symbols", "no bytes", "no padding"],
)
def test_model_with_other_symbols_is_refused(texts, change, train_with):
    with pytest.raises(IntegrityError, match="expected a tokenizer model that begins with <pad>"):
        Tokenizer(train_with(texts, **change))


@pytest.mark.parametrize("data", [b"", b"{}", b"\x0a\x05"], ids=repr)
def test_something_else_is_refused(data):
    with pytest.raises(IntegrityError):
        Tokenizer(data)
