"""Suggestions start from proven presets and follow their rules; Muon's work is counted exactly."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from alm.config import Params
from alm.config.params import load_model_config
from alm.model import Transformer
from alm.optim import group_parameters
from alm.project.scaling import (
    ANCHORS,
    count_matrices,
    describe_scaling,
    muon_flops,
    suggest_batch,
    suggest_lr,
)


@pytest.mark.parametrize("anchor", ANCHORS, ids=lambda anchor: anchor.preset)
def test_an_anchor_is_its_preset_and_its_own_suggestion(anchor):
    train, data = Params.load(anchor.preset).train, Params.load(anchor.preset).data

    assert (anchor.tokens, anchor.lr) == (train.tokens, train.lr)
    assert anchor.tokens_per_step == train.batch_size * data.seq_len
    assert suggest_batch(anchor.tokens) == anchor.tokens_per_step
    assert suggest_lr(anchor.tokens, anchor.tokens_per_step) == pytest.approx(anchor.lr)


def test_anchors_agree_with_each_other_within_what_the_module_says():
    tiny, pico = ANCHORS
    by_batch = (pico.tokens_per_step / tiny.tokens_per_step) ** 0.5
    by_both = by_batch * (pico.tokens / tiny.tokens) ** -0.32

    assert tiny.lr * by_batch / pico.lr == pytest.approx(4.7, abs=0.05)
    assert tiny.lr * by_both / pico.lr == pytest.approx(1.6, abs=0.05)


def test_batch_grows_with_tokens_in_powers_of_two():
    assert suggest_batch(540_000_000) == 2**16  # 16,384 * 90^0.383 = 91,800
    assert suggest_batch(2**8 * 6_000_000) == 2**17  # 8 doublings of tokens are 3 of the batch
    assert suggest_batch(50_000) == 2**10


def test_lr_follows_the_root_of_the_batch_and_falls_with_tokens():
    at_pico = suggest_lr(6_000_000, 16_384)

    assert suggest_lr(6_000_000, 4 * 16_384) == pytest.approx(2 * at_pico)
    assert suggest_lr(600_000_000, 16_384) == pytest.approx(at_pico * 100**-0.32)


@pytest.mark.parametrize("name", ["tiny", "pico", "dense_pico"])
def test_matrices_are_those_that_muon_trains(name):
    config = load_model_config(name)
    with torch.device("meta"):
        named = Transformer(config, config.vocab_size).named_parameters()

    found = Counter()
    for param in group_parameters(named).matrices.values():
        found[tuple(param.shape[-2:])] += param.numel() // (param.shape[-1] * param.shape[-2])

    assert count_matrices(config) == found


def test_an_iteration_is_three_products_on_the_shorter_side():
    config = replace(load_model_config("dense_tiny"), n_layers=1, n_heads=4, n_kv_heads=4)
    d, h = config.d_model, config.d_ff
    square, wide = 4 * (3 * 2 * d**3), 3 * (2 * d * d * h + 2 * d**3 + 2 * d * d * h)

    assert (config.n_heads * config.d_head, h > d) == (d, True)
    assert muon_flops(config, ns_steps=5) == 5 * (square + wide)


def test_a_routed_expert_costs_what_its_parameters_and_its_use_say():
    """(20 M + 10 M^2 / N) / (6 B K / E) of forward and backward, for B tokens a step."""
    config = load_model_config("pico")
    more = replace(config, moe=replace(config.moe, n_experts=config.moe.n_experts + 1))
    one_expert_a_layer = muon_flops(more, 5) - muon_flops(config, 5)
    n_parameters, n_layers = 3 * 256 * 256, config.n_layers - config.moe.n_dense_layers

    share = one_expert_a_layer / (n_layers * 6 * n_parameters * 16_384 * 2 / 8)

    assert share == pytest.approx(30 * 256 / (6 * 16_384 * 2 / 8))
    assert share == pytest.approx(0.31, abs=0.005)


def test_pico_is_shown_with_its_numbers():
    batch, lr, muon = describe_scaling(Params.load("pico"), tokens=6_000_000, flops=6e6 * 57e6)

    assert batch.startswith("batch    16,384 tokens a step; 16,384 suggested: that of pico, by ")
    assert lr.startswith("lr       0.006; 0.006 suggested at this batch: that of pico, by ")
    assert muon == "muon     11% on top of a step's forward and backward work"


def test_a_batch_too_small_for_muon_is_pointed_out():
    params = Params.load("pico")
    params = params.model_copy(update={"train": replace(params.train, batch_size=8)})

    *_, muon = describe_scaling(params, tokens=6_000_000, flops=6e6 * 57e6)

    assert muon.endswith(
        "42% on top of a step's forward and backward work; a larger "
        "train.batch_size or fewer optim.ns_steps would cut it"
    )


def test_adamw_alone_has_no_line_for_muon():
    params = Params.load("pico")
    params = params.model_copy(update={"optim": replace(params.optim, matrices="adamw")})

    assert len(describe_scaling(params, tokens=6_000_000, flops=1e14)) == 2
