"""Shapes: sizes that each pass alone must fit together."""

import dataclasses

import pytest
from pydantic import ValidationError

from alm.config import load_model_config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_heads": 3, "n_kv_heads": 2}, r"n_heads \(3\) is no multiple of n_kv_heads \(2\)"),
        ({"d_head": 15}, r"d_head \(15\) must be even"),
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


def test_a_router_chooses_among_more_than_one(root):
    moe = load_model_config("tiny", root).moe

    with pytest.raises(ValidationError, match="must be from 2 to n_experts"):
        dataclasses.replace(moe, n_experts_per_token=1)
