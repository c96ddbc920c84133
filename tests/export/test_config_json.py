"""config.json: every key, in both of its spellings."""

import pytest
import transformers

from alm.export.config_json import SPECIAL_IDS, build_config
from alm.tokenizer import CONTROL_IDS

from .conftest import SHAPES, STRETCHED, names_for


@pytest.mark.parametrize("shape", names_for("transformers"))
def test_transformers_knows_every_key_that_it_keeps(make_spec, shape):
    """A key of which it would have thought otherwise is a key that we got wrong."""
    written = build_config(make_spec(**SHAPES[shape]))
    read = transformers.AutoConfig.for_model(**written).to_dict()

    both = (written.keys() & read.keys()) - {"dtype", "torch_dtype"}
    assert {key: written[key] for key in both} == {key: read[key] for key in both}
    assert written.keys() - read.keys() <= {
        *("dtype", "torch_dtype", "rope_theta", "rope_scaling", "partial_rotary_factor"),
        *("scoring_func", "topk_method", "num_nextn_predict_layers", "sliding_window"),
        *("max_window_layers", "num_experts"),  # it says num_local_experts
    }


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


def test_stretched_positions_are_told_in_both_spellings(make_spec):
    written = build_config(make_spec(rope_scaling=STRETCHED))

    assert written["rope_scaling"] == written["rope_parameters"]
    assert written["rope_scaling"] == {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 16,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "rope_theta": 10_000.0,
        "partial_rotary_factor": 1.0,
    }


@pytest.mark.parametrize("shape", ["softmax mixture", "mixture"])
@pytest.mark.parametrize("k", [1, 2])
def test_weights_are_shares_where_a_token_has_several_experts(make_spec, shape, k):
    moe = {**SHAPES[shape].get("moe", {}), "n_experts_per_token": k}

    assert build_config(make_spec(moe=moe))["norm_topk_prob"] == (k > 1)


def test_generation_ends_at_the_end_of_a_text_or_a_turn():
    assert SPECIAL_IDS["eos_token_id"] == [2, CONTROL_IDS["<|end|>"]]
