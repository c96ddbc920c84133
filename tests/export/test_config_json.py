"""config.json: both spellings of each key, and only networks of ours come back."""

import pytest
import transformers

from alm.errors import InputError
from alm.export.config_json import SPECIAL_IDS, build_config, parse_config
from alm.tokenizer import CONTROL_IDS

from .conftest import SHAPES


@pytest.fixture
def parse(make_spec):
    return lambda values: parse_config(values, "config.json", make_spec().tokenizer_sha256)


WITH_TWINS = sorted(SHAPES.keys() - {"mixture without a shared expert"})


@pytest.mark.parametrize("shape", WITH_TWINS)
def test_a_shape_comes_back_but_for_its_spare_rows(make_spec, parse, shape):
    spec = make_spec(**SHAPES[shape])
    expected = make_spec(**SHAPES[shape] | {"vocab_size": spec.n_vocab})

    assert parse(build_config(spec)) == expected


def test_no_shared_expert_comes_back_as_one(make_spec, parse):
    assert parse(build_config(make_spec(moe={"n_shared_experts": 0}))).model.moe == (
        make_spec().model.moe
    )


@pytest.mark.parametrize("changes", [{}, {"moe": None}])
def test_transformers_knows_every_key_that_it_keeps(make_spec, changes):
    """A key of which it would have thought otherwise is a key that we got wrong."""
    written = build_config(make_spec(**changes))
    read = transformers.AutoConfig.for_model(**written).to_dict()

    both = (written.keys() & read.keys()) - {"dtype", "torch_dtype"}
    assert {key: written[key] for key in both} == {key: read[key] for key in both}
    assert written.keys() - read.keys() <= {
        *("dtype", "torch_dtype", "rope_theta", "rope_scaling", "partial_rotary_factor"),
        *("scoring_func", "topk_method", "num_nextn_predict_layers", "sliding_window"),
    }


@pytest.mark.parametrize("changes", [{}, {"moe": None}])
def test_what_transformers_itself_writes_comes_back_too(make_spec, parse, changes):
    written = build_config(make_spec(**changes))
    theirs = transformers.AutoConfig.for_model(**written).to_dict()

    assert parse(theirs) == parse(written)


SILENT = {  # what some version of some tool takes another value for, where it is absent
    "num_nextn_predict_layers": 0,
    "partial_rotary_factor": 1.0,
    "rms_norm_eps": 1e-6,
    "rope_scaling": None,
    "rope_theta": 10_000.0,
    "use_qk_norm": True,
}


def test_nothing_that_others_would_guess_is_left_to_them(make_spec):
    written = build_config(make_spec())

    assert SILENT.items() <= written.items()
    assert SPECIAL_IDS.items() <= written.items()
    assert written["rope_parameters"] == {
        "partial_rotary_factor": 1.0,
        "rope_theta": 10_000.0,
        "rope_type": "default",
    }


def test_generation_ends_at_the_end_of_a_text_or_a_turn():
    assert SPECIAL_IDS["eos_token_id"] == [2, CONTROL_IDS["<|end|>"]]


@pytest.mark.parametrize(
    ("key", "value", "changes"),
    [
        ("model_type", "llama", {}),
        ("use_qk_norm", False, {}),
        ("use_qk_norm", None, {}),
        ("rope_parameters", {"rope_type": "default", "partial_rotary_factor": 0.5}, {}),
        ("rope_parameters", {"rope_type": "yarn", "factor": 2.0}, {}),
        ("rope_scaling", {"rope_type": "yarn", "factor": 2.0}, {"moe": None}),
        ("norm_topk_prob", False, {}),
        ("routed_scaling_factor", 2.5, {}),
        ("n_group", 2, {}),
        ("attention_bias", True, {}),
        ("hidden_act", "gelu", {"moe": None}),
        ("sliding_window", 32, {"moe": None}),
        ("layer_types", ["full_attention", "sliding_attention"], {"moe": None}),
        ("hidden_size", "64", {}),
        ("num_experts_per_tok", 1, {}),
        ("num_key_value_heads", 3, {}),
        ("max_position_embeddings", None, {}),
    ],
)
def test_a_network_that_is_not_ours_is_refused_by_its_key(make_spec, parse, key, value, changes):
    written = build_config(make_spec(**changes)) | {key: value}
    if value is None:
        del written[key]

    with pytest.raises(InputError, match=r"config\.json: "):
        parse(written)


def test_half_of_the_heads_rotated_is_not_taken_for_all(make_spec, parse):
    """Absent, it is one half to transformers."""
    written = build_config(make_spec())
    del written["partial_rotary_factor"], written["rope_parameters"]

    with pytest.raises(InputError, match="expected partial_rotary_factor 1.0, found nothing"):
        parse(written)
