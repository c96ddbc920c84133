"""Descriptions: the numbers that a reader looks for, in one shape or in all of them."""

from pathlib import Path

import pytest

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
    assert "20% of the training of 7.8 k tokens" in text
    assert "in 18 GB     training fits, recomputing fits, generating fits" in text


def test_sizes_are_in_powers_of_a_thousand():
    size = sizes_of(["pico"])["pico"]
    text = render("pico", size, 18)

    assert f"{4 * size.n_parameters / 1e6:.1f} MB in float32" in text
    assert f"{size.kv_bytes / 1e6:.3g} MB at 1,024 tokens in float32, 8.19 kB a token" in text
    assert size.fits(size.training_bytes / 1e9).training
    assert not size.fits((size.training_bytes - 1) / 1e9).training


def test_dense_shape_says_that_it_has_no_experts():
    assert "none: every layer is dense" in render("d", sizes_of(["dense_pico"])["dense_pico"], 18)


def test_small_budget_says_what_does_not_fit():
    text = render("base", sizes_of(["base"])["base"], 4)

    assert "training does not fit, recomputing does not fit, generating fits" in text


@pytest.fixture(scope="module")
def table():
    return render_table(sizes_of(list_models(REPO)), 18).splitlines()


def test_table_has_a_line_per_shape_in_groups_from_the_smallest_up(table):
    names = [line.split()[0] for line in table if line[:1].strip() and line.count("  ") > 5]

    assert sorted(names[1:]) == list_models(REPO)
    assert names[:8] == ["shape", "tiny", "pico", "nano", "mini", "small", "base", "dense_tiny"]
    start = table.index("twins without experts")
    twins = names[7 : 7 + table[start:].index("") - 1]
    assert twins[-1] == "dense_base_total"
    assert names[-1] == "expert_200m"


def test_table_says_for_how_many_tokens_and_fits_a_page(table):
    assert "1,024 tokens" in table[0]
    assert max(map(len, table)) <= 100


def test_most_that_fits_is_named():
    sizes = sizes_of(["mini", "expert_200m_slim", "expert_75m"])
    last = [line.split()[-1] for line in render_table(sizes, 18).splitlines()[-3:]]

    assert last == ["train", "generate", "-"]
    assert render_table({"mini": sizes["mini"]}, 2.0).splitlines()[-1].endswith("lean")
