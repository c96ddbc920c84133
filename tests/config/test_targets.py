"""Targets: a shape that a program would load wrongly is refused, by field, with a way out."""

import dataclasses

import pytest
from pydantic import ValidationError

from alm.config import (
    TARGETS,
    RopeScaling,
    WindowConfig,
    list_models,
    load_model_config,
    reachable_targets,
)

from .conftest import REPO

STRETCHED = RopeScaling(factor=4.0, original_seq_len=128)
WINDOW = WindowConfig(size=32, full_every=2)
TRANSFORMERS, MLX, LLAMA_CPP = ("transformers",), ("mlx",), ("llama_cpp",)


@pytest.fixture
def change(root):
    """Change tiny, or its dense twin where ``moe`` is None; by default it names no target."""

    def change(moe=(), **changes):
        shape = load_model_config("dense_tiny" if moe is None else "tiny", root)
        if moe:
            changes["moe"] = dataclasses.replace(shape.moe, **moe)
        return dataclasses.replace(shape, **({"targets": ()} | changes))

    return change


@pytest.mark.parametrize("name", list_models(REPO))
def test_every_shape_of_the_house_reaches_every_target(name):
    config = load_model_config(name, REPO)

    assert config.targets == reachable_targets(config) == TARGETS


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({}, TARGETS),
        ({"moe": None}, TARGETS),
        ({"d_model": 80}, ("transformers", "mlx")),
        ({"d_ff": 100, "moe": {"n_dense_layers": 0}}, TARGETS),
        ({"position": "alibi"}, ()),
        ({"position": "alibi", "moe": None}, ()),
        ({"window": WINDOW}, ()),
        ({"window": WINDOW, "moe": None}, TRANSFORMERS),
        ({"rope_scaling": STRETCHED}, ("transformers", "llama_cpp")),
        ({"rope_scaling": STRETCHED, "moe": None}, TARGETS),
        ({"moe": {"router": "softmax"}}, LLAMA_CPP),
        ({"moe": {"router": "softmax", "n_shared_experts": 0}}, TARGETS),
        ({"moe": {"n_experts_per_token": 1}}, TARGETS),
        ({"moe": {"n_experts": 1, "n_experts_per_token": 1}}, LLAMA_CPP),
    ],
)
def test_what_a_shape_reaches(change, changes, reached):
    assert reachable_targets(change(**changes)) == reached
    change(**changes, targets=reached)
    for target in {*TARGETS} - {*reached}:
        with pytest.raises(ValidationError, match=f"a shape that {target} can load"):
            change(**changes, targets=(target,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d_model": 80}, r"found d_model = 80: its Q8_0 .* make it a multiple of 32, or"),
        ({"d_head": 20}, r"found n_heads \* d_head = 80"),
        ({"d_ff": 100}, "found d_ff = 100"),
        ({"moe": {"d_expert": 24}}, "found moe.d_expert = 24"),
        ({"d_model": 80, "d_ff": 100}, "found d_model = 80, d_ff = 100"),
        ({"position": "alibi"}, "found position = alibi.*; set position: rope"),
        ({"window": WINDOW, "moe": None}, r"found window.size = 32.*dense.*; set window: null"),
        (
            {"moe": {"router": "softmax"}, "targets": TRANSFORMERS},
            r"n_shared_experts = 1 beside a softmax router.*set moe.n_shared_experts: 0",
        ),
        (
            {"rope_scaling": STRETCHED, "targets": MLX},
            "factor = 4.*set rope_scaling: null",
        ),
    ],
)
def test_the_message_says_what_is_in_the_way_and_what_to_do(change, changes, message):
    with pytest.raises(ValidationError, match=f"{message}.* from targets"):
        change(**({"targets": LLAMA_CPP} | changes))


def test_several_targets_are_told_at_once(change):
    with pytest.raises(ValidationError, match="that transformers and llama_cpp can load"):
        change(position="alibi", targets=("transformers", "llama_cpp"))


def test_a_target_is_named_once(change):
    with pytest.raises(ValidationError, match="expected each one once, found mlx, mlx"):
        change(targets=("mlx", "mlx"))
