"""Rotary positions: both spellings are written, either is read, and other ways are refused."""

import pytest

from alm.config import RopeScaling
from alm.errors import InputError
from alm.export.rope_json import build_rope, flatten_rope, parse_scaling

from .conftest import STRETCHED, make_shape

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}


def test_plain_positions_have_no_scaling():
    built = build_rope(make_shape(), {"partial_rotary_factor": 1.0})

    assert built == {
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "partial_rotary_factor": 1.0,
        },
        "rope_scaling": None,
        "rope_theta": 10_000.0,
        "partial_rotary_factor": 1.0,
    }


def test_stretched_ones_come_back_from_either_spelling():
    built = build_rope(make_shape(rope_scaling=STRETCHED), {})

    new = flatten_rope({"rope_parameters": built["rope_parameters"]})
    assert new["rope_theta"] == 10_000.0
    for scaling in (built["rope_scaling"], new["rope_scaling"]):
        assert parse_scaling(scaling, "config.json") == STRETCHED


def test_what_another_program_leaves_to_be_guessed_is_guessed_alike():
    assert parse_scaling(YARN | {"attention_factor": None}, "config.json") == STRETCHED


def test_no_scaling_is_none():
    assert parse_scaling(None, "config.json") is None
    assert flatten_rope({"rope_parameters": None}) == {}


@pytest.mark.parametrize(
    ("scaling", "named"),
    [
        ({"rope_type": "linear", "factor": 2.0}, "rope_type yarn"),
        ("yarn", "rope_type yarn"),
        (YARN | {"beta_fast": 16.0}, "beta_fast 32.0 in rope_scaling, found 16.0"),
        (YARN | {"attention_factor": 1.5}, "attention_factor None in rope_scaling, found 1.5"),
        (YARN | {"mscale": 1.0}, "mscale None"),
        (YARN | {"truncate": False}, "truncate True"),
    ],
)
def test_another_way_of_stretching_is_refused_by_its_key(scaling, named):
    with pytest.raises(InputError, match=rf"^config\.json: expected .*{named}.*no such network"):
        parse_scaling(scaling, "config.json")


def test_a_stretch_has_a_size():
    with pytest.raises(ValueError, match="original_seq_len"):
        parse_scaling({"rope_type": "yarn", "factor": 4.0}, "config.json")
    assert parse_scaling(YARN | {"factor": 2.0}, "") == RopeScaling(factor=2.0, original_seq_len=16)
