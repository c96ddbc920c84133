"""Shapes: sizes that each pass alone must fit together."""

import dataclasses

import pytest
from pydantic import ValidationError

from alm.config import RopeScaling, WindowConfig, load_model_config

STRETCHED = RopeScaling(factor=4.0, original_seq_len=128)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_heads": 3, "n_kv_heads": 2}, r"n_heads \(3\) is no multiple of n_kv_heads \(2\)"),
        ({"d_head": 15}, r"d_head \(15\) must be even"),
        ({"position": "alibi", "rope_scaling": STRETCHED, "targets": ()}, "position is alibi"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(root, changes, message):
    with pytest.raises(ValidationError, match=message):
        dataclasses.replace(load_model_config("tiny", root), **changes)


def test_a_mixture_needs_a_layer_to_stand_in(root):
    shape = load_model_config("tiny", root)
    moe = dataclasses.replace(shape.moe, n_dense_layers=shape.n_layers)

    with pytest.raises(ValidationError, match="leaves no mixture"):
        dataclasses.replace(shape, moe=moe)


def test_a_token_is_sent_to_no_more_experts_than_there_are(root):
    moe = load_model_config("tiny", root).moe

    with pytest.raises(ValidationError, match=r"n_experts_per_token \(5\) must be from 1 to"):
        dataclasses.replace(moe, n_experts_per_token=5)


@pytest.mark.parametrize(
    ("full_every", "windows"),
    [(2, [8, None, 8, None, None]), (3, [8, 8, None, 8, None]), (9, [8, 8, 8, 8, None])],
)
def test_some_layers_see_everything_and_the_last_always_does(root, full_every, windows):
    shape = dataclasses.replace(
        load_model_config("dense_tiny", root),
        n_layers=5,
        window=WindowConfig(size=8, full_every=full_every),
        targets=(),
    )

    assert [shape.window_of(layer) for layer in range(5)] == windows


def test_without_a_window_every_layer_sees_everything(root):
    shape = load_model_config("tiny", root)

    assert {shape.window_of(layer) for layer in range(shape.n_layers)} == {None}
