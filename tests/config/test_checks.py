"""explain, did_you_mean, choose_from: the words of a message about parameters."""

import pytest
from pydantic import TypeAdapter, ValidationError

from alm.config import MoEConfig
from alm.config.checks import choose_from, did_you_mean, explain

RIGHT = {
    "router": "sigmoid",
    "n_dense_layers": 1,
    "n_experts": 4,
    "n_experts_per_token": 2,
    "n_shared_experts": 1,
    "d_expert": 8,
}


def error_of(**changes):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(MoEConfig).validate_python({**RIGHT, **changes})
    return raised.value


def test_unknown_key_is_followed_by_the_one_that_was_meant():
    told = explain(error_of(n_expert=4), RIGHT)

    assert told == "  n_expert: unknown key (did you mean 'n_experts'?); remove it"


def test_key_like_no_other_has_no_suggestion():
    assert explain(error_of(zzz=4), RIGHT) == "  zzz: unknown key; remove it"


def test_value_is_shown_beside_what_was_expected():
    told = explain(error_of(n_experts="4"))

    assert told == "  n_experts: Input should be a valid integer, found '4'"


def test_each_wrong_key_has_a_line():
    assert len(explain(error_of(n_experts=0, d_expert=None, zzz=1)).splitlines()) == 3


def test_numbers_that_do_not_fit_together_are_told_without_the_whole_section():
    told = explain(error_of(n_experts_per_token=9))

    assert "n_experts_per_token (9) must be from 1 to n_experts (4)" in told
    assert "Value error" not in told
    assert "{" not in told


def test_section_is_replaced_by_where_its_field_is_set():
    adapter = TypeAdapter(dict[str, MoEConfig])
    with pytest.raises(ValidationError) as raised:
        adapter.validate_python({"moe": {**RIGHT, "d_expert": -1}})

    told = explain(raised.value, origin=lambda section, field: f"presets.a.{section}")

    assert told.startswith("  presets.a.moe.d_expert: ")


@pytest.mark.parametrize(
    ("name", "told"), [("trian", " (did you mean 'train'?)"), ("zebra", ""), ("", "")]
)
def test_did_you_mean(name, told):
    assert did_you_mean(name, ["train", "data"]) == told


def test_known_names_keep_their_order():
    assert choose_from(["tiny", "pico"]) == "choose from: tiny, pico"
