"""init_weights: a function of seed and name, and blocks that start as the identity."""

import pytest
import torch

from alm.model import Transformer, init_weights
from alm.model.init import STD, draw_normal


@pytest.fixture
def make_initialised(make_config):
    def make(seed=0, **changes):
        config = make_config(**changes)
        model = Transformer(config, config.vocab_size)
        init_weights(model, seed)
        return model

    return make


def test_same_seed_same_weights_and_another_seed_others(make_initialised):
    one, same, other = (make_initialised(seed).state_dict() for seed in (1, 1, 2))

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["embed.weight"], other["embed.weight"])


def test_other_parameters_do_not_matter(make_initialised):
    """A third layer, an output matrix: what both networks have is the same in both."""
    small, large = (make_initialised(n_layers=n).state_dict() for n in (2, 3))
    tied = make_initialised(n_layers=2, tied_embeddings=True).state_dict()

    assert all(torch.equal(small[name], large[name]) for name in small)
    assert all(torch.equal(small[name], tied[name]) for name in tied)


def test_no_two_matrices_are_alike(make_initialised):
    state = make_initialised().state_dict()

    assert not torch.equal(
        state["blocks.0.attention.k.weight"], state["blocks.0.attention.v.weight"]
    )
    gate_EFD = state["blocks.1.feed_forward.experts.w_gate_EFD"]
    assert not torch.equal(gate_EFD[0], gate_EFD[1])


def test_global_generator_is_neither_read_nor_moved(make_initialised):
    torch.manual_seed(5)
    before = make_initialised().embed.weight.clone()
    state = torch.get_rng_state()
    torch.manual_seed(6)

    assert torch.equal(make_initialised().embed.weight, before)
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), state)


def test_blocks_start_as_the_identity(make_initialised):
    model = make_initialised()
    ids_BT = torch.arange(20).view(1, 20)

    hidden_BTD = model(ids_BT).hidden_BTD

    torch.testing.assert_close(hidden_BTD, model.norm(model.embed(ids_BT)))


def test_numbers_are_normal_with_the_deviation(make_initialised):
    weight = make_initialised(vocab_size=4096).embed.weight

    assert weight.mean().item() == pytest.approx(0, abs=3 * STD / weight.numel() ** 0.5)
    assert weight.std().item() == pytest.approx(STD, rel=0.01)
    assert weight.abs().max() > 4 * STD


def test_numbers_are_pinned():
    """They are part of what every recorded hash stands on."""
    draws = draw_normal("embed.weight", torch.Size([20]), 1337)[:3]

    assert draws.tolist() == pytest.approx(
        [0.8263710545705409, -0.8872486033998831, 0.1791314169127962], rel=1e-12
    )
