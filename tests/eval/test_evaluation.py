"""evaluate: network and n-gram models over the very same documents."""

import math

import numpy as np
import pytest

from alm.checkpoint import ModelSpec
from alm.config import EvaluateConfig, ModelConfig
from alm.errors import ConfigError, IntegrityError
from alm.eval.evaluation import evaluate, headline
from alm.eval.ngram import Counts, KneserNey
from alm.model import Transformer

N_VOCAB = 260
SHAPE = ModelConfig(
    vocab_size=N_VOCAB,
    d_model=8,
    n_layers=1,
    n_heads=1,
    n_kv_heads=1,
    d_head=8,
    d_ff=8,
    position="rope",
    rope_scaling=None,
    window=None,
    targets=(),
    rope_theta=100.0,
    norm_eps=1e-6,
    tied_embeddings=True,
    moe=None,
)
CHOSEN = {"b": ["é", "x" * 40, "y"], "a": ["one two three", "four", "five"]}


def run(corpus, orders=(3, 5), max_bytes=1000, limits=(), tokenizer="ab" * 32):
    documents, packed = corpus
    spec = ModelSpec(model=SHAPE, n_vocab=N_VOCAB, seq_len=8, tokenizer_sha256=tokenizer)
    config = EvaluateConfig(
        max_bytes=max_bytes,
        limits=dict(limits),
        ngram_orders=orders,
        batch_size=2,
        tasks=(),
        task_examples=1,
        task_samples=1,
    )
    return evaluate(Transformer(SHAPE, N_VOCAB).eval(), spec, packed, documents, config)


@pytest.fixture
def found(corpus):
    return run(corpus)


@pytest.mark.parametrize("source", ["a", "b"])
def test_uniform_model_costs_log_v_per_token_of_each_source(found, source):
    n_bytes = sum(len(text.encode()) for text in CHOSEN[source])
    part = found["sources"][source]

    assert (part["documents"], part["bytes"], part["tokens"]) == (3, n_bytes, n_bytes + 3)
    assert part["bits_per_byte"] == pytest.approx(math.log2(N_VOCAB) * (n_bytes + 3) / n_bytes)


def test_total_is_the_sum_of_the_sources_not_the_mean(found):
    parts = list(found["sources"].values())

    for key in ("documents", "bytes", "tokens", "nats"):
        assert found["total"][key] == pytest.approx(sum(part[key] for part in parts))
    for order in ("3", "5"):
        bits = sum(part["ngram"][order] * part["bytes"] for part in parts)
        assert found["total"]["ngram"][order] == pytest.approx(bits / found["total"]["bytes"])


def test_ngram_models_score_the_same_texts(found, corpus):
    train = [b"one two four five " * 4, "xyxyxyé".encode(), b"three"]
    texts = [text.encode() for text in CHOSEN["a"]]

    for order in (3, 5):
        nats = KneserNey(Counts.of(train, order)).nats(texts)
        expected = np.sum(nats) / math.log(2) / sum(map(len, texts))
        assert found["sources"]["a"]["ngram"][str(order)] == pytest.approx(expected)


def test_ratio_says_what_share_of_the_ngram_models_bits_is_needed(found):
    total = found["total"]

    assert total["ratio"]["5"] == pytest.approx(total["bits_per_byte"] / total["ngram"]["5"])


def test_without_ngram_orders_the_network_stands_alone(corpus):
    found = run(corpus, orders=())

    assert found["total"]["ngram"] == found["total"]["ratio"] == {}
    assert headline(found).endswith(f"{found['total']['interval'][1]:.4f}")


def test_fewer_bytes_take_the_first_documents_of_each_source(corpus):
    assert run(corpus, max_bytes=13)["total"]["documents"] == 2


def test_a_limit_takes_fewer_documents_of_its_source_alone(corpus):
    found = run(corpus, limits={"a": 1})

    assert {name: part["documents"] for name, part in found["sources"].items()} == {"b": 3, "a": 1}


def test_a_limit_for_no_source_is_refused(corpus):
    with pytest.raises(ConfigError, match=r"limits: expected sources of the corpus \(b, a\)"):
        run(corpus, limits={"c": 1})


def test_every_score_says_how_sure_it_is(found):
    for part in (found["total"], *found["sources"].values()):
        low, high = part["interval"]
        assert low <= part["bits_per_byte"] <= high


def test_a_single_document_has_no_interval(corpus):
    found = run(corpus, limits={"a": 1})

    assert found["sources"]["a"]["interval"] is None


def test_rule_is_told(found):
    assert "BOS is never scored" in " ".join(found["rule"])


def test_headline_names_every_model(found):
    total = found["total"]
    low, high = total["interval"]

    assert headline(found) == (
        f"{total['bits_per_byte']:.4f} bits per byte, 95 % between {low:.4f} and {high:.4f} "
        f"(3-gram {total['ngram']['3']:.4f}, 5-gram {total['ngram']['5']:.4f})"
    )


def test_network_of_another_vocabulary_is_refused(corpus):
    with pytest.raises(IntegrityError, match="vocabulary"):
        run(corpus, tokenizer="cd" * 32)
