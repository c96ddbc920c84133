"""A trial: its own place, the same text for every network of a seed, never trained twice."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alm.errors import ConfigError, Interrupted
from alm.train import Trainer

from .conftest import SHAPES, write_shape


def rows(trial, step=0):
    return trial.training.task().batches(step).tokens_BT


def fingerprints(campaign):
    return {trial.label: trial.training.fingerprint.short for trial in campaign.trials}


def test_networks_of_a_seed_read_the_same_tokens_in_the_same_order(plan):
    moe, active, total, other, *_ = plan().trials

    assert moe.seed == active.seed == total.seed != other.seed
    for step in (0, 9):
        assert np.array_equal(rows(moe, step), rows(active, step))
        assert np.array_equal(rows(moe, step), rows(total, step))
    assert not np.array_equal(rows(moe), rows(other))


def test_training_is_the_presets_but_for_its_seed_length_and_final_look(plan, params):
    own = plan(seeds=(7,)).trials[1].training.params

    assert own.model == SHAPES["dense_tiny"]
    assert own.seed == 7
    assert own.train == replace(params.train, tokens=320, validate_rows=128, keep_states=1)
    assert own.optim == params.optim


def test_nothing_is_written_outside_the_state_directory(plan, checkout):
    before = sorted(path.name for path in checkout.iterdir())

    plan().trials[0].run()

    assert sorted(path.name for path in checkout.iterdir()) == sorted([*before, ".state"])
    assert [path.name for path in Path(".state/twins/tiny").iterdir()] == ["moe-5"]


def test_a_trial_that_is_done_is_not_trained_again(plan, capsys):
    plan().trials[0].run()
    capsys.readouterr()

    trial = plan().trials[0]
    trial.run()

    assert trial.result()["steps"] == 10
    assert capsys.readouterr().out == ""


def test_a_trial_that_was_interrupted_goes_on(plan, capsys, monkeypatch):
    plan().trials[0].run()
    undisturbed = plan().trials[0].result()
    shutil.rmtree(".state")
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="saved step 1"):
        patch.setattr(Trainer, "_record", lambda self, *_: setattr(self.around.stop, "signal", 15))
        plan().trials[0].run()

    plan().trials[0].run()

    assert "resuming at step 1 of 10" in capsys.readouterr().out
    assert plan().trials[0].result()["val_loss"] == undisturbed["val_loss"]


def test_a_trial_that_is_done_keeps_its_result_and_no_state(plan):
    plan().trials[0].run()

    kept = sorted(path.name for path in Path(".state/twins/tiny/moe-5").glob("*/*"))

    assert "result" in kept
    assert not [name for name in kept if name.startswith("step-")]


def test_threads_make_no_other_trial(plan, numerics):
    assert fingerprints(plan(numerics=replace(numerics, threads=2))) == fingerprints(plan())


@pytest.mark.parametrize("changes", [{"precision": "bfloat16"}, {"device": "cuda"}])
def test_other_numerics_make_another_trial(plan, numerics, changes):
    mine, others = fingerprints(plan()), fingerprints(plan(numerics=replace(numerics, **changes)))

    assert all(mine[label] != others[label] for label in mine)


def test_a_changed_shape_makes_another_trial_of_that_network_alone(plan):
    before = fingerprints(plan())
    write_shape("dense_tiny", replace(SHAPES["dense_tiny"], rope_theta=500.0))

    after = fingerprints(plan())

    changed = {label for label in after if after[label] != before[label]}
    assert changed == {"dense_tiny, seed 5", "dense_tiny, seed 6"}


def test_a_shape_is_what_its_file_says_and_not_how(plan):
    before = fingerprints(plan())
    with Path("configs/models/tiny.yaml").open("a") as file:
        file.write("# said in other words\n")

    assert fingerprints(plan()) == before


def test_other_tokens_make_another_trial(plan):
    assert set(fingerprints(plan(tokens=640)).values()).isdisjoint(fingerprints(plan()).values())


def test_a_preset_that_goes_on_from_another_is_refused(plan, params):
    train = replace(params.train, init="pico")

    with pytest.raises(ConfigError, match=r"presets\.tiny\.train\.init: expected 'scratch'"):
        plan(params=params.model_copy(update={"train": train}))
