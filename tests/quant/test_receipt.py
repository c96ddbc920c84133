"""The receipt: sums against a slow reference, and what cannot be seen in the loss."""

import copy
import math

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from alm.checkpoint import build_model, read_spec
from alm.errors import IntegrityError
from alm.quant import (
    Agreement,
    compare_logits,
    compare_models,
    held_out_rows,
    make_receipt,
    quantize_model,
    read_dequantized,
    receipt,
)


class Stream:
    """A validation split in memory: token i is i."""

    split, packed = "val", "packed"

    def __init__(self, n_tokens):
        self.n_tokens = n_tokens

    def read(self, start, stop):
        return np.arange(start, stop, dtype=np.uint32)


@pytest.fixture
def rows():
    return [np.random.default_rng(i).integers(0, 80, 17) for i in range(3)]


@pytest.fixture
def quantized(publish, model, tmp_path):
    out = tmp_path / "int8"
    quantize_model(publish(model.state_dict()), out, {})
    return build_model(read_spec(out), read_dequantized(out), "cpu")


def log_probabilities(logits):
    total = math.log(math.fsum(math.exp(x) for x in logits))
    return [x - total for x in logits]


def test_sums_are_those_of_the_definitions():
    generator = torch.Generator().manual_seed(0)
    logits_SV = torch.randn(5, 7, generator=generator)
    other_SV = logits_SV + torch.randn(5, 7, generator=generator)
    targets = [0, 6, 3, 3, 1]

    found = compare_logits(logits_SV, other_SV, torch.tensor(targets))

    nll = other_nll = divergence = same = 0.0
    for p_V, q_V, target in zip(logits_SV.tolist(), other_SV.tolist(), targets, strict=True):
        log_p, log_q = log_probabilities(p_V), log_probabilities(q_V)
        nll -= log_p[target]
        other_nll -= log_q[target]
        divergence += sum(math.exp(p) * (p - q) for p, q in zip(log_p, log_q, strict=True))
        same += p_V.index(max(p_V)) == q_V.index(max(q_V))
    assert found.tokens == 5
    assert found.nll_float == pytest.approx(nll)
    assert found.nll_int8 == pytest.approx(other_nll)
    assert found.divergence == pytest.approx(divergence)
    assert found.same_top1 == same


def test_a_model_agrees_with_itself(model, rows):
    found = compare_models(model, model, rows)

    assert (found.tokens, found.same_top1) == (48, 48)
    assert found.nll_float == found.nll_int8
    assert found.divergence == 0


def test_chunks_do_not_change_the_sums(model, quantized, rows, monkeypatch):
    whole = compare_models(model, quantized, rows)
    monkeypatch.setattr(receipt, "CHUNK", 5)

    parts = compare_models(model, quantized, rows)

    assert parts.tokens == whole.tokens
    assert parts.same_top1 == whole.same_top1
    assert parts.nll_int8 == pytest.approx(whole.nll_int8)
    assert parts.divergence == pytest.approx(whole.divergence, rel=1e-4)


def test_predictions_are_scored_on_the_next_token(model, rows):
    found = compare_models(model, model, rows)

    with torch.no_grad():
        ids = torch.from_numpy(np.stack(rows))
        logits = model.logits(model(ids[:, :-1]).hidden_BTD)
        nll = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    assert found.nll_float / found.tokens == pytest.approx(nll.item(), rel=1e-5)


def test_int8_costs_little_but_not_nothing(model, quantized, rows):
    found = compare_models(model, quantized, rows)

    assert 0 < found.divergence / found.tokens < 0.02
    assert found.same_top1 / found.tokens > 0.8


def test_a_model_that_diverged_is_told(model, quantized, rows):
    with torch.no_grad():
        model.norm.weight.fill_(float("nan"))

    with pytest.raises(IntegrityError, match="it diverged"):
        compare_models(model, quantized, rows)


def test_a_change_of_the_output_matrix_alone_is_seen(model, rows):
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.head.weight *= 1.5

    assert compare_models(model, other, rows).divergence > 0.01


def test_receipt_is_per_token_and_has_the_sizes_of_the_files(quantized, tmp_path):
    sums = Agreement(tokens=4, nll_float=8.0, nll_int8=8.4, divergence=0.2, same_top1=3)

    found = make_receipt(tmp_path / "pretrain", tmp_path / "int8", sums)

    files = (
        tmp_path / "pretrain" / "model.safetensors",
        tmp_path / "int8" / "model.int8.safetensors",
    )
    assert (found.bytes_float, found.bytes_int8) == tuple(path.stat().st_size for path in files)
    assert found.bytes_per_weight == 34 / 32
    assert (found.nll_float, found.nll_int8, found.tokens) == (2.0, 2.1, 4)
    assert found.delta_nll == pytest.approx(0.1)
    assert (found.kl_divergence, found.same_top1) == (0.05, 0.75)
    assert sum(values.nbytes for values in load_file(files[1]).values()) < found.bytes_int8


def test_rows_are_spread_evenly_over_the_split():
    starts = [row[0] for row in held_out_rows(Stream(101), seq_len=10, n_rows=3)]

    assert starts == [0, 30, 60]


def test_a_row_has_one_token_more_than_the_model_reads():
    assert [len(row) for row in held_out_rows(Stream(101), seq_len=10, n_rows=2)] == [11, 11]


def test_a_short_split_gives_what_it_has():
    assert len(list(held_out_rows(Stream(25), seq_len=10, n_rows=9))) == 2
