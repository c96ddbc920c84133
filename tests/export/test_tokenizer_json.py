"""The vocabulary in Hugging Face's tokenizers, against SentencePiece."""

import pytest
import tokenizers

from alm.export.strings import probe_strings
from alm.export.tokenizer_json import build_tokenizer_config, build_tokenizer_json, list_merges
from alm.io import canonical_json
from alm.tokenizer import Kind, Piece


@pytest.fixture
def theirs(tokenizer):
    built = tokenizers.Tokenizer.from_str(canonical_json(build_tokenizer_json(tokenizer.pieces)))
    built.encode_special_tokens = True  # as tokenizer_config.json asks for
    return built


def test_every_string_is_read_alike_and_comes_back(tokenizer, theirs):
    for text in probe_strings(tokenizer.pieces):
        ids = tokenizer.encode(text)
        assert theirs.encode(text).ids == [1, *ids], text
        assert theirs.decode(ids) == text


def test_two_texts_begin_with_bos_each(tokenizer, theirs):
    a, b = tokenizer.encode("a"), tokenizer.encode("b")

    assert theirs.encode("a", "b").ids == [1, *a, 1, *b]


def test_control_symbols_are_special_and_have_no_text(tokenizer, theirs):
    ids = [tokenizer.control_ids["<|user|>"], *tokenizer.encode("hi"), 2]

    assert theirs.decode(ids) == "hi"
    assert theirs.decode(ids, skip_special_tokens=False) == "<|user|>hi</s>"


def test_merges_are_in_the_order_of_their_joins_scores():
    pieces = [
        Piece(text, -float(i), Kind.NORMAL)
        for i, text in enumerate(("ab", "abc", "bc", "a", "b", "c"))
    ]
    pieces += [Piece("<x>", 0.0, Kind.CONTROL), Piece("\n", 0.0, Kind.USER_DEFINED)]

    assert list_merges(pieces) == [("a", "b"), ("a", "bc"), ("ab", "c"), ("b", "c")]


def test_config_names_every_control_symbol_and_keeps_typed_ones_text(tokenizer):
    config = build_tokenizer_config(tokenizer.pieces, 48)
    named = {each["content"] for each in config["added_tokens_decoder"].values()}

    assert named == {"<pad>", "<s>", "</s>", "<unk>", *tokenizer.control_ids}
    assert config["split_special_tokens"]
