"""Bits per byte: known probabilities give known numbers; every token costs once."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.config import ModelConfig
from alm.errors import IntegrityError
from alm.eval.bits_per_byte import Score, bits_per_byte, score_documents
from alm.model import Transformer

N_VOCAB = 16
LENGTHS = [2, 9, 30, 5, 17]
STARTS = np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.uint64)
SHAPE = ModelConfig(
    vocab_size=N_VOCAB,
    d_model=16,
    n_layers=2,
    n_heads=2,
    n_kv_heads=1,
    d_head=8,
    d_ff=32,
    position="rope",
    rope_scaling=None,
    window=None,
    targets=(),
    rope_theta=100.0,
    norm_eps=1e-6,
    tied_embeddings=False,
    moe=None,
)


class FakeStream:
    """Tokens that depend on the position alone."""

    tokens = (np.arange(sum(LENGTHS)) * 7 % 13 + 3).astype(np.uint32)

    def read(self, start, stop):
        return self.tokens[start:stop].copy()


class Bigrams:
    """A model whose next token depends on the last one alone, as a table says."""

    def __init__(self, log_p_VV):
        self.log_p_VV = log_p_VV
        self.head_weight = torch.eye(len(log_p_VV))

    def __call__(self, ids_BT):
        return SimpleNamespace(hidden_BTD=self.log_p_VV[ids_BT])


def score(model, documents=range(5), seq_len=8, batch_size=3):
    return score_documents(
        model, FakeStream(), STARTS, documents, seq_len=seq_len, batch_size=batch_size
    )


@pytest.fixture
def transformer():
    model = Transformer(SHAPE, N_VOCAB)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():  # far from uniform: every token of context matters
            parameter.normal_(generator=generator)
    return model.eval()


def test_uniform_model_costs_log_v_per_token():
    nats = score(Transformer(SHAPE, N_VOCAB).eval())  # its weights are zero

    np.testing.assert_allclose(nats, [(n - 1) * math.log(N_VOCAB) for n in LENGTHS], rtol=1e-6)


@pytest.mark.parametrize("seq_len", [2, 7, 8, 64])
def test_bigram_table_costs_what_it_says(seq_len):
    generator = torch.Generator().manual_seed(0)
    log_p_VV = torch.randn(N_VOCAB, N_VOCAB, generator=generator).log_softmax(-1)
    tokens = FakeStream.tokens.astype(int)

    nats = score(Bigrams(log_p_VV), seq_len=seq_len)

    for i, (start, end) in enumerate(zip(STARTS[:-1].tolist(), STARTS[1:].tolist(), strict=True)):
        expected = -sum(log_p_VV[tokens[j - 1], tokens[j]].item() for j in range(start + 1, end))
        assert nats[i] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seq_len", [8, 9])
def test_context_is_that_of_the_rule(transformer, seq_len):
    tokens = torch.from_numpy(FakeStream.tokens.astype(np.int64))
    stride = seq_len // 2
    start, end = int(STARTS[2]), int(STARTS[3])
    expected = 0.0
    for target in range(start + 1, end):
        behind = max(0, target - start - seq_len)
        first = start + stride * -(-behind // stride)
        with torch.no_grad():
            hidden = transformer(tokens[None, first:target]).hidden_BTD[0, -1]
        expected -= transformer.logits(hidden).log_softmax(-1)[tokens[target]].item()

    assert score(transformer, [2], seq_len)[0] == pytest.approx(expected, rel=1e-5)


def test_batches_change_nothing(transformer):
    alone = np.concatenate([score(transformer, [i]) for i in range(len(LENGTHS))])

    for batch_size in (1, 4, 64):
        np.testing.assert_allclose(score(transformer, batch_size=batch_size), alone, rtol=1e-5)


def test_nats_stand_in_the_order_of_the_documents(transformer):
    np.testing.assert_allclose(score(transformer, [4, 1]), score(transformer)[[4, 1]], rtol=1e-5)


def test_one_number_in_three_units():
    found = Score(documents=1, bytes=30, seen=6, tokens=10, nats=20 * math.log(2)).as_dict()

    assert found["bits_per_byte"] == pytest.approx(20 / 30)
    assert found["loss"] == pytest.approx(2 * math.log(2))
    assert found["perplexity"] == pytest.approx(4)
    assert found["bytes_per_token"] == 3
    assert bits_per_byte(math.log(2), 8) == pytest.approx(1 / 8)


def test_a_model_that_diverged_is_told(transformer):
    with torch.no_grad():
        transformer.norm.weight.fill_(float("nan"))

    with pytest.raises(IntegrityError, match="it diverged"):
        score(transformer)


def test_a_loss_without_a_perplexity_is_told():
    with pytest.raises(IntegrityError, match="below 700 nats per token, found 1000: the model div"):
        Score(documents=1, bytes=30, seen=6, tokens=10, nats=10_000.0).as_dict()


def test_total_weighs_by_bytes():
    long = Score(documents=1, bytes=90, seen=9, tokens=30, nats=90.0)
    short = Score(documents=2, bytes=10, seen=1, tokens=5, nats=40.0)

    total = Score.total([long, short])

    assert total == Score(documents=3, bytes=100, seen=10, tokens=35, nats=130.0)
    assert total.bits_per_byte == pytest.approx(1.3 / math.log(2))
