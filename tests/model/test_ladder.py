"""The shapes in configs/models: each has the size that its name claims, and a twin its other's."""

from dataclasses import replace

import pytest

from alm.config import list_models, load_model_config
from alm.model import describe

from .test_size import REPO

LADDER = {"tiny": 1.22, "pico": 15.5, "nano": 50.9, "mini": 97.0, "small": 188, "base": 433}
CLAIMED = {  # millions of parameters
    **LADDER,
    **{"mac_nano": 138, "mac_mini": 272, "mac_base": 532, "mac_plus": 740},
    **{"dense_25m": 25, "dense_40m": 40, "dense_65m": 65, "dense_75m": 75, "dense_175m": 175},
    **{"gothic_35m": 35, "anarcho_137m": 137, "alm_pico_dense": 29},
}
EXPERTS = {"expert_75m": 75, "expert_100m": 100, "expert_200m": 200}  # of one in one layer
WITHIN = 0.02


@pytest.fixture(scope="module")
def shape():
    return lambda name: load_model_config(name, REPO)


@pytest.fixture(scope="module")
def size(shape):
    return lambda name: describe(shape(name), shape(name).vocab_size, 1024)


def test_every_shape_makes_a_claim():
    twins = [f"dense_{name}{end}" for name in LADDER for end in ("", "_total")]
    slim = [f"{name}_slim" for name in EXPERTS]

    assert sorted([*CLAIMED, *EXPERTS, *slim, *twins]) == list_models(REPO)


@pytest.mark.parametrize(("name", "millions"), CLAIMED.items())
def test_a_shape_has_the_parameters_of_its_name(size, name, millions):
    assert size(name).n_parameters / 1e6 == pytest.approx(millions, rel=WITHIN)


@pytest.mark.parametrize(("name", "millions"), EXPERTS.items())
def test_an_expert_has_them_in_one_layer_and_a_slim_one_in_all(shape, size, name, millions):
    slim = shape(f"{name}_slim")
    n_mixtures = slim.n_layers - slim.moe.n_dense_layers
    found = [size(name).n_expert, n_mixtures * size(f"{name}_slim").n_expert]

    assert [n / 1e6 for n in found] == pytest.approx([millions] * 2, rel=WITHIN)


@pytest.mark.parametrize("name", LADDER)
def test_twins_differ_in_their_feed_forward_alone_and_match(shape, size, name):
    active, total = f"dense_{name}", f"dense_{name}_total"

    assert size(active).n_parameters == pytest.approx(size(name).n_active, rel=WITHIN)
    assert size(total).n_parameters == pytest.approx(size(name).n_parameters, rel=WITHIN)
    for twin in (active, total):
        same = {"d_ff": 32, "moe": None}
        assert replace(shape(twin), **same) == replace(shape(name), **same)


@pytest.mark.parametrize("name", list_models(REPO))
def test_a_mixture_begins_after_the_first_quarter(shape, name):
    config = shape(name)

    assert config.moe is None or config.moe.n_dense_layers == config.n_layers // 4


@pytest.mark.parametrize("name", [name for name in list_models(REPO) if name.startswith("mac_")])
def test_a_mac_sends_each_token_to_two_experts_by_softmax(shape, name):
    moe = shape(name).moe

    assert (moe.router, moe.n_experts_per_token, moe.n_shared_experts) == ("softmax", 2, 0)
