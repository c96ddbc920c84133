"""Descriptions: the numbers that a reader looks for, in one shape or in all of them."""

from pathlib import Path

from alm.config import list_models, load_model_config
from alm.model import describe, render, render_table

REPO = Path(__file__).parents[2]


def sizes_of(names):
    shapes = {name: load_model_config(name, REPO) for name in names}
    return {name: describe(shape, shape.vocab_size, 1024) for name, shape in shapes.items()}


def test_one_shape_is_described_in_full():
    text = render("pico", sizes_of(["pico"])["pico"], 18)

    assert "15.5 M, 8.41 M active per token" in text
    assert "48 of 197 k, 9.44 M together" in text
    assert "in 18 GB    training fits, generating fits" in text


def test_sizes_are_in_powers_of_a_thousand():
    size = sizes_of(["pico"])["pico"]
    text = render("pico", size, 18)

    assert f"{4 * size.n_parameters / 1e6:.1f} MB in float32" in text
    assert f"{size.kv_bytes_per_token / 1e3:.3g} kB a token in float32" in text
    assert size.fits(size.training_bytes / 1e9).training
    assert not size.fits((size.training_bytes - 1) / 1e9).training


def test_dense_shape_says_that_it_has_no_experts():
    assert "none: every layer is dense" in render("d", sizes_of(["dense_pico"])["dense_pico"], 18)


def test_small_budget_says_what_does_not_fit():
    text = render("base", sizes_of(["base"])["base"], 4)

    assert "in 4 GB     training does not fit, generating fits" in text


def test_table_has_a_line_per_shape_from_the_smallest_up():
    lines = render_table(sizes_of(list_models(REPO)), 18).splitlines()

    assert len(lines) == 1 + len(list_models(REPO))
    assert {lines[1].split()[0], lines[2].split()[0]} == {"tiny", "dense_tiny"}
    assert lines[-1].split()[0] == "base"
