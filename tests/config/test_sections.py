"""Sections: no value in Python, none that YAML did not spell as its type, and none that clash."""

import dataclasses
import inspect
import math

import pytest
from pydantic import TypeAdapter, ValidationError

from alm.config import Params, TrainConfig, list_presets, recipe, rule_sets, sections, shape

SECTIONS = sorted(
    {
        each
        for module in (sections, rule_sets, shape, recipe)
        for _, each in inspect.getmembers(module, dataclasses.is_dataclass)
        if each.__module__ == module.__name__
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.__name__)
def test_no_field_has_a_default(section):
    """A default is a value that DVC cannot see change."""
    fields = dataclasses.fields(section)

    assert fields
    assert all(each.default is dataclasses.MISSING for each in fields)
    assert all(each.default_factory is dataclasses.MISSING for each in fields)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda each: each.__name__)
def test_section_is_frozen_and_refuses_unknown_keys(section):
    assert section.__dataclass_params__.frozen
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        TypeAdapter(section).validate_python({"no_such_key": 1, "kind": "text"})


@pytest.fixture(scope="module")
def train(house_of_all):
    return Params.load("tiny", house_of_all.root).train


def test_batch_is_made_of_whole_micro_batches(train):
    assert dataclasses.replace(train, batch_size=12, micro_batch_size=4).grad_accum_steps == 3
    with pytest.raises(ValidationError, match=r"batch_size \(10\) is no multiple of .* \(4\)"):
        dataclasses.replace(train, batch_size=10, micro_batch_size=4)


@pytest.mark.parametrize("shares", [(0.5, 0.4), (0.5, 0.6), (1.0, 0.001)])
def test_shares_of_a_mixture_add_up(house_of_all, shares):
    data = Params.load("tiny", house_of_all.root).data
    dataclasses.replace(data, mixture={"a": 0.333333, "b": 0.333333, "c": 0.333334})
    with pytest.raises(ValidationError, match="mixture: expected shares that add up to 1, found"):
        dataclasses.replace(data, mixture=dict(zip("ab", shares, strict=True)))


def test_schedule_has_room_for_warm_up_and_decay(train):
    dataclasses.replace(train, warmup_fraction=0.5, decay_fraction=0.5)
    with pytest.raises(ValidationError, match=r"\(0\.6\) and decay_fraction \(0\.5\) exceed 1"):
        dataclasses.replace(train, warmup_fraction=0.6, decay_fraction=0.5)
    dataclasses.replace(train, schedule="cosine", warmup_fraction=0.6, decay_fraction=0.5)


@pytest.mark.parametrize(("tokens", "steps"), [(1, 1), (64, 1), (65, 2), (128, 2)])
def test_steps_are_rounded_up_to_read_every_token_asked_for(train, tokens, steps):
    config = dataclasses.replace(train, tokens=tokens, batch_size=8, micro_batch_size=8)

    assert config.steps(seq_len=8) == steps


def test_section_survives_asdict_and_back(root):
    for preset in list_presets(root):
        train = Params.load(preset, root).train
        assert TrainConfig(**dataclasses.asdict(train)) == train


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "0.1", None, True])
@pytest.mark.parametrize(
    "field",
    [
        each.name
        for each in dataclasses.fields(TrainConfig)
        if each.name not in {"init", "schedule", "recompute"}
    ],
)
def test_no_number_is_anything_but_a_finite_number(train, field, value):
    with pytest.raises(ValidationError):
        dataclasses.replace(train, **{field: value})
