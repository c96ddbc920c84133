"""The networks that are compared have the sizes that they are said to have."""

from dataclasses import replace
from pathlib import Path

import pytest

from alm.config import list_presets
from alm.errors import ConfigError
from alm.model import describe
from alm.twins import load_variants

from .conftest import MICRO, REPO, SHAPES, write_shape


def test_a_mixture_comes_with_both_of_its_twins(checkout):
    found = load_variants("tiny")

    assert {name: each.model for name, each in found.items()} == {
        "moe": "tiny",
        "active": "dense_tiny",
        "total": "dense_tiny_total",
    }
    assert [each.shape for each in found.values()] == list(SHAPES.values())


@pytest.mark.parametrize("preset", list_presets(REPO))
def test_twins_of_our_presets_have_their_sizes(preset):
    found = {name: each.shape for name, each in load_variants(preset, REPO).items()}
    sizes = {name: describe(shape, shape.vocab_size, 1) for name, shape in found.items()}

    assert sizes["active"].n_parameters == pytest.approx(sizes["moe"].n_active, rel=0.02)
    assert sizes["total"].n_parameters == pytest.approx(sizes["moe"].n_parameters, rel=0.02)
    assert sizes["total"].n_parameters > 1.2 * sizes["active"].n_parameters


@pytest.mark.parametrize(
    ("name", "kind"), [("dense_tiny", "active"), ("dense_tiny_total", "total")]
)
def test_an_absent_twin_is_named_with_what_it_must_be(checkout, name, kind):
    Path(f"configs/models/{name}.yaml").unlink()

    with pytest.raises(
        ConfigError, match=rf"configs/models/{name}\.yaml.*equal {kind} size.*add it"
    ):
        load_variants("tiny")


def test_a_dense_preset_has_no_twins(checkout):
    write_shape("tiny", SHAPES["dense_tiny"])

    with pytest.raises(ConfigError, match=r"tiny\.yaml: expected a mixture"):
        load_variants("tiny")


def test_a_twin_that_is_a_mixture_is_refused(checkout):
    write_shape("dense_tiny", MICRO)

    with pytest.raises(ConfigError, match=r"dense_tiny\.yaml: expected a dense network"):
        load_variants("tiny")


@pytest.mark.parametrize(
    ("name", "kind", "d_ff"), [("dense_tiny", "active", 28), ("dense_tiny_total", "total", 28)]
)
def test_a_twin_of_another_size_is_refused(checkout, name, kind, d_ff):
    write_shape(name, replace(SHAPES[name], d_ff=d_ff))

    with pytest.raises(ConfigError, match=rf"{name}\.yaml: expected the {kind} size of tiny"):
        load_variants("tiny")
