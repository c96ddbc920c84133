"""What alm is compared with: the same network, or one of the same size."""

from dataclasses import replace

import pytest
from gpt2 import Shape, build_gpt2, choose_shape, lr_factor
from peers import build_peer

from alm.config import load_model_config
from alm.model import Transformer

TINY = load_model_config("tiny")
SOFTMAX = replace(TINY, moe=replace(TINY.moe, router="softmax", n_shared_experts=0))


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (load_model_config("dense_tiny"), "Qwen3ForCausalLM"),
        (TINY, "Glm4MoeForCausalLM"),
        (SOFTMAX, "Qwen3MoeForCausalLM"),
    ],
)
def test_network_of_transformers_has_exactly_our_parameters(shape, name):
    peer = build_peer(shape, seq_len=64)

    assert type(peer).__name__ == name
    assert count(peer) == count(Transformer(shape, shape.vocab_size))


def test_gpt2_is_counted_as_it_is_built():
    shape = Shape(d_model=64, n_layers=2)

    assert count(build_gpt2(shape, n_vocab=100, seq_len=16)) == shape.count(100, 16)


def test_gpt2_of_picos_size_is_within_two_percent_and_of_its_own_aspect():
    shape = choose_shape(15_484_160, n_vocab=8192, seq_len=512)

    assert shape == Shape(d_model=384, n_layers=7)
    assert shape.count(8192, 512) == pytest.approx(15_484_160, rel=0.02)


def test_size_that_no_gpt2_has_is_refused():
    with pytest.raises(ValueError, match="no GPT-2"):
        choose_shape(1_000, n_vocab=8192, seq_len=512)


def test_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    factors = [lr_factor(step, steps=100) for step in range(100)]

    assert max(factors) == factors[5] == 1
    assert factors[:5] == sorted(factors[:5])
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert 0 < factors[-1] < 0.01
