"""FastEncoder: SentencePiece's own ids, for a model of alm and for one that others have trained."""

import sysconfig
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from alm.tokenizer import FastEncoder, fast_encoder

SYMBOLS = ["<sep>", "\n\n", "the sea", "ab", "12", " \t", "漢字", "é"]
CUTTABLE = {
    "other symbols": {"user_defined_symbols": SYMBOLS, "control_symbols": ["<x>", "€"]},
    "joined digits": {"split_digits": False, "split_by_number": False},
    "pieces over spaces": {"split_by_whitespace": False},
    "spaces behind": {"treat_whitespace_as_suffix": True},
    "mixed scripts": {"split_by_unicode_script": False, "split_digits": False},
    "no whitespace pieces": {"allow_whitespace_only_pieces": False, "user_defined_symbols": ""},
    "few characters": {"character_coverage": 0.98},
}
UNCUTTABLE = {
    "unknown": ({"byte_fallback": False}, "a☃☃ ☃"),
    "rewrite": ({"normalization_rule_name": "nmt_nfkc"}, "a\u3000 ﬁ e\u0301"),
    "before every text": ({"add_dummy_prefix": True}, "the the"),
    "doubled spaces": ({"remove_extra_whitespaces": True}, "a  b "),
}


def encode(encoder, texts):
    return [ids.tolist() for ids in encoder.encode_many(texts)]


def read_stdlib(n):
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:n]
    return [path.read_text("utf-8", errors="ignore") for path in paths]


@pytest.mark.parametrize(
    "n", [pytest.param(4000, id="some"), pytest.param(100_000, marks=pytest.mark.nightly)]
)
def test_strings_have_the_ids_of_sentencepiece(model, make_fuzz, n):
    texts, reference = make_fuzz(n), SentencePieceProcessor(model_proto=model)
    encoder = FastEncoder(model)

    assert encoder.plain_because is None
    for start in range(0, n, 1000):
        some = texts[start : start + 1000]
        assert encode(encoder, some) == reference.encode(some)


def test_documents_have_the_ids_of_sentencepiece_new_known_and_forgotten(model):
    texts, reference = read_stdlib(60), SentencePieceProcessor(model_proto=model)
    expected = reference.encode(texts)
    encoder = FastEncoder(model)

    assert encode(encoder, texts) == expected
    assert encode(encoder, texts[::-1]) == expected[::-1]
    encoder.forget()
    assert encode(encoder, texts) == expected


@pytest.mark.parametrize("name", CUTTABLE)
def test_foreign_model_is_cut_and_its_ids_are_the_same(texts, train_with, make_fuzz, name):
    model = train_with(texts, **CUTTABLE[name])
    given = [*texts, *make_fuzz(1500, seed=2), "".join(SYMBOLS), "the sea\u2581the sea 1234 €"]

    encoder = FastEncoder(model)

    assert encoder.plain_because is None
    assert encode(encoder, given) == SentencePieceProcessor(model_proto=model).encode(given)


@pytest.mark.parametrize("name", UNCUTTABLE)
def test_foreign_model_that_cutting_would_change_is_not_cut(
    texts, train_with, make_fuzz, monkeypatch, name
):
    changes, telling = UNCUTTABLE[name]
    model = train_with(texts, **changes)
    given = [telling, *texts, *make_fuzz(300, seed=3)]
    expected = SentencePieceProcessor(model_proto=model).encode(given)

    encoder = FastEncoder(model)

    assert name in encoder.plain_because
    assert encode(encoder, given) == expected
    monkeypatch.setattr(fast_encoder, "why_uncuttable", lambda pieces, settings: None)
    assert encode(FastEncoder(model), [telling]) != expected[:1]


@pytest.mark.parametrize("algorithm", ["unigram", "char", "word"])
def test_model_of_another_kind_is_not_cut(texts, train_with, algorithm):
    model = train_with(texts, model_type=algorithm, vocab_size=360, hard_vocab_limit=False)

    encoder = FastEncoder(model)

    assert "no BPE model" in encoder.plain_because
    assert encode(encoder, texts) == SentencePieceProcessor(model_proto=model).encode(texts)


def test_nothing_gives_nothing(model):
    assert FastEncoder(model).encode_many([]) == []
    assert encode(FastEncoder(model), ["", "a", ""])[::2] == [[], []]
