"""Layers: what a preset or a corpus lays over the shared sections, and where each value is set."""

import pytest

from alm.config.layers import Layers, list_members, read_layers
from alm.errors import ConfigError

SHARED = {"seed": 1, "train": {"lr": 0.1, "tokens": 5}, "data": {"seq_len": 8}}
LAYERS = Layers("presets.a", SHARED, {"train": {"lr": 0.2}, "data": {}}, {})


def test_own_field_is_laid_over_the_shared_one():
    assert LAYERS.section("train") == {"lr": 0.2, "tokens": 5}
    assert LAYERS.section("data") == {"seq_len": 8}


def test_origin_is_the_section_that_sets_the_field():
    assert LAYERS.origin("train", "lr") == "presets.a.train"
    assert LAYERS.origin("train", "tokens") == "train"


@pytest.mark.parametrize(
    ("shared", "own", "message"),
    [
        ({}, {"train": {}}, "expected a mapping at train, found nothing; write `train: {}`"),
        ({"train": {}}, {}, "expected a mapping at presets.a.train, found nothing; write"),
        ({"train": 3}, {"train": {}}, "expected a mapping at train, found 3"),
        ({"train": {}}, {"train": None}, "expected a mapping at presets.a.train, found None"),
    ],
)
def test_section_that_is_not_written_on_both_sides_is_refused(shared, own, message):
    with pytest.raises(ConfigError, match=f"^params.yaml: {message}"):
        Layers("presets.a", shared, own, {}).section("train")


def test_unknown_key_is_named_with_its_place_and_the_one_that_was_meant():
    with pytest.raises(ConfigError, match=r"unknown key presets\.a\.train \(did you mean 'trains'"):
        LAYERS.refuse_unknown(SHARED, ["trains", "data"])
    with pytest.raises(
        ConfigError, match=r"^params\.yaml: unknown key data; choose from: seed, tr"
    ):
        LAYERS.refuse_unknown(["seed", "train"], SHARED)


def test_members_come_in_the_order_of_the_file(house):
    house.write("params.yaml", "presets:\n  zebra: {}\n  ant: {}\n")

    assert list_members("presets", house.root) == ["zebra", "ant"]


def test_shared_values_hold_no_presets_and_no_corpora(root):
    layers = read_layers("presets", "tiny", root)

    assert layers.where == "presets.tiny"
    assert not {"presets", "corpora"} & layers.shared.keys()
    assert layers.own["model"] == "tiny"


@pytest.mark.parametrize(("group", "what"), [("presets", "preset"), ("corpora", "corpus")])
def test_unknown_member_ends_with_the_known_ones(house, group, what):
    known = ", ".join(house.read("params.yaml")[group])

    with pytest.raises(ConfigError, match=rf"^no {what} 'nope' in params\.yaml; .* from: {known}$"):
        read_layers(group, "nope", house.root)


@pytest.mark.parametrize("value", [None, 3, "tiny", ["tiny"], {}], ids=repr)
def test_group_that_is_no_mapping_of_names_is_refused(house, value):
    house.set("presets", value)

    with pytest.raises(ConfigError, match=r"^params\.yaml: expected a mapping of names at presets"):
        read_layers("presets", "tiny", house.root)


def test_member_that_is_no_mapping_is_refused(house):
    house.set("presets.tiny", "small")

    with pytest.raises(ConfigError, match=r"expected a mapping at presets\.tiny, found 'small'"):
        read_layers("presets", "tiny", house.root)


@pytest.mark.parametrize("name", ["a/b", "a.b", "", "-a", "..", "a b", "é", "a@b", "a\n"], ids=repr)
def test_name_that_no_folder_or_stage_could_carry_is_refused(house, name):
    presets = house.read("params.yaml")["presets"]
    house.set("presets", {**presets, name: presets["tiny"]})

    with pytest.raises(ConfigError, match="expected a name of letters, digits, - or _ in presets"):
        list_members("presets", house.root)
