"""config.json comes back as a shape, if it is one of ours."""

import pytest
import transformers

from alm.config import TARGETS
from alm.errors import InputError
from alm.export.config_json import build_config
from alm.export.config_parsing import parse_config

from .conftest import SHAPES, SOFTMAX, names_for

NAMED = {  # other keys that may be at fault as well
    "rope_parameters": "partial_rotary_factor|original_max_position_embeddings",
    "rope_scaling": "rope_scaling|original_max_position_embeddings|factor",
    "layer_types": "layer_types|sliding_window",
    "num_experts_per_tok": "num_experts_per_tok|norm_topk_prob",
}
YARN = {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64}


@pytest.fixture
def parse(make_spec):
    return lambda values: parse_config(values, "config.json", make_spec().tokenizer_sha256)


WITH_TWINS = sorted({*names_for("transformers")} - {"mixture without a shared expert"})


@pytest.mark.parametrize("shape", WITH_TWINS)
def test_a_shape_comes_back_but_for_its_spare_rows(make_spec, parse, shape):
    spec = make_spec(**SHAPES[shape])
    expected = make_spec(**SHAPES[shape] | {"vocab_size": spec.n_vocab})

    assert parse(build_config(spec)) == expected


def test_no_shared_expert_comes_back_as_one(make_spec, parse):
    assert parse(build_config(make_spec(moe={"n_shared_experts": 0}))).model.moe == (
        make_spec().model.moe
    )


@pytest.mark.parametrize("shape", names_for("transformers"))
def test_what_transformers_itself_writes_comes_back_too(make_spec, parse, shape):
    written = build_config(make_spec(**SHAPES[shape]))
    theirs = transformers.AutoConfig.for_model(**written).to_dict()

    assert parse(theirs) == parse(written)


@pytest.mark.parametrize(
    ("key", "value", "changes"),
    [
        ("model_type", "llama", {}),
        ("use_qk_norm", False, {}),
        ("use_qk_norm", None, {}),
        ("rope_parameters", {"rope_type": "default", "partial_rotary_factor": 0.5}, {}),
        ("rope_parameters", {"rope_type": "yarn", "factor": 2.0}, {}),
        ("rope_scaling", {"rope_type": "yarn", "factor": 2.0}, {"moe": None}),
        ("rope_scaling", {"rope_type": "linear", "factor": 2.0}, {"moe": None}),
        ("rope_scaling", {**YARN, "beta_fast": 16.0}, {"moe": None}),
        ("rope_scaling", {**YARN, "attention_factor": 1.5}, {"moe": None}),
        ("rope_scaling", {**YARN, "truncate": False}, {"moe": None}),
        ("rope_scaling", {**YARN, "factor": 0.5}, {"moe": None}),
        ("norm_topk_prob", False, {}),
        ("routed_scaling_factor", 2.5, {}),
        ("n_group", 2, {}),
        ("attention_bias", True, {}),
        ("hidden_act", "gelu", {"moe": None}),
        ("sliding_window", 32, {"moe": None}),
        ("layer_types", ["full_attention", "sliding_attention"], {"moe": None}),
        ("hidden_size", "64", {}),
        ("model_type", ["glm4_moe"], {}),
        ("num_experts_per_tok", 1, {}),
        ("num_experts_per_tok", 1, {"moe": SOFTMAX}),
        ("norm_topk_prob", False, {"moe": SOFTMAX}),
        ("mlp_only_layers", [1], {"moe": SOFTMAX}),
        ("decoder_sparse_step", 2, {"moe": SOFTMAX}),
        ("num_experts_per_tok", None, {"moe": SOFTMAX}),
        ("use_sliding_window", True, {"moe": SOFTMAX}),
        ("layer_types", ["sliding_attention", "full_attention"], {"moe": SOFTMAX}),
        ("layer_types", ["sliding_attention", "sliding_attention"], {"moe": None}),
        ("num_key_value_heads", 3, {}),
        ("max_position_embeddings", None, {}),
        ("max_position_embeddings", "48", {}),
        ("max_position_embeddings", -5, {}),
        ("mlp_only_layers", 5, {"moe": SOFTMAX}),
        ("layer_types", 7, {"moe": None}),
        ("model_type", [], {}),
        ("sliding_window", "wide", {"moe": None, "window": {"size": 32, "full_every": 2}}),
    ],
)
def test_a_network_that_is_not_ours_is_refused_by_its_key(make_spec, parse, key, value, changes):
    written = build_config(make_spec(**changes)) | {key: value}
    if value is None:
        del written[key]

    with pytest.raises(InputError, match=rf"config\.json: .*{NAMED.get(key, key)}"):
        parse(written)


def test_targets_are_those_that_the_shape_reaches(make_spec, parse):
    assert parse(build_config(make_spec(targets=()))).model.targets == TARGETS
    assert "llama_cpp" not in parse(build_config(make_spec(d_ff=100))).model.targets


def test_experts_are_counted_by_either_name(make_spec, parse):
    written = build_config(make_spec(moe=SOFTMAX))
    expected = parse(written)
    del written["num_experts"]

    assert parse(written) == expected


def test_half_of_the_heads_rotated_is_not_taken_for_all(make_spec, parse):
    """Absent, it is one half to transformers."""
    written = build_config(make_spec())
    del written["partial_rotary_factor"], written["rope_parameters"]

    with pytest.raises(InputError, match="expected partial_rotary_factor 1.0, found nothing"):
        parse(written)
