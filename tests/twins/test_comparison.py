"""Figures: gaps within a seed, the share that is recovered, balance, straight from the trials."""

from dataclasses import asdict

import numpy as np
import pytest

from alm.errors import TrainingError
from alm.model import describe
from alm.twins import Comparison
from alm.twins.comparison import TARGET, Balance, compare_losses
from alm.twins.intervals import ratio_interval

from .conftest import leave_result

LOSSES = {"moe": [3.50, 3.52, 3.48], "active": [3.60, 3.61, 3.59], "total": [3.46, 3.48, 3.43]}


def test_gaps_are_taken_within_a_seed():
    """Seeds may differ by far more than networks do."""
    losses = {"moe": [1.0, 5.0, 9.0], "active": [1.1, 5.1, 9.1], "total": [0.9, 4.9, 8.9]}

    found = compare_losses(losses)

    assert found["gap"].value == pytest.approx(0.1)
    assert found["gap"].half_width == pytest.approx(0, abs=1e-12)
    assert found["gap"].sign == 1


def test_recovered_is_the_mixtures_part_of_the_gap_between_the_dense():
    found = compare_losses(LOSSES)

    assert found["recovered"].value == pytest.approx((0.10 + 0.09 + 0.11) / (0.14 + 0.13 + 0.16))
    assert found["recovered"] == ratio_interval(
        [a - m for a, m in zip(LOSSES["active"], LOSSES["moe"], strict=True)],
        [a - t for a, t in zip(LOSSES["active"], LOSSES["total"], strict=True)],
    )


def test_a_mixture_that_lost_recovers_less_than_nothing():
    found = compare_losses({**LOSSES, "moe": [3.65, 3.66, 3.63]})

    assert found["gap"].sign == -1
    assert found["recovered"].value < 0


@pytest.mark.parametrize("total", [[3.59, 3.64, 3.55], [3.70, 3.71, 3.69]])
def test_nothing_is_recovered_where_size_gains_nothing(total):
    assert compare_losses({**LOSSES, "total": total})["recovered"] is None


def test_the_mixture_is_held_against_the_larger_dense_network_too():
    found = compare_losses(LOSSES)

    assert found["total_gap"].value == pytest.approx(found["gap"].value - found["dense_gap"].value)
    assert found["total_gap"].sign == -1


@pytest.mark.parametrize("shift", np.arange(-0.06, 0.08, 0.01).round(2))
def test_the_target_is_reached_or_missed_just_where_the_share_recovered_says_so(shift):
    found = compare_losses({**LOSSES, "moe": [loss - shift for loss in LOSSES["moe"]]})

    low, high = found["recovered"].low, found["recovered"].high
    assert found["to_spare"].sign == int(low > TARGET) - int(high < TARGET)


def test_there_is_a_target_where_size_gains_nothing():
    found = compare_losses({**LOSSES, "total": LOSSES["active"]})

    assert found["recovered"] is None
    assert found["to_spare"] == found["gap"]


def test_one_seed_gives_estimates_without_intervals():
    found = compare_losses({name: each[:1] for name, each in LOSSES.items()})

    assert found["gap"].value == pytest.approx(0.1)
    assert found["recovered"].value == pytest.approx(0.1 / 0.14)
    assert found["gap"].low is found["recovered"].low is None


def test_balance_is_over_layers_and_seeds():
    found = Balance.of([[0.25, 0.25, 0.25, 0.25], [0.4, 0.3, 0.2, 0.1]])

    assert found.mean_violation == pytest.approx(0.3)
    assert found.worst_violation == pytest.approx(0.6)
    assert found.least_load == pytest.approx(0.4)


def test_figures_are_those_of_the_trials(plan):
    campaign = plan()
    for trial, loss in zip(campaign.trials, (3.5, 3.6, 3.4, 3.52, 3.61, 3.43), strict=True):
        leave_result(trial, loss)

    found = Comparison.of("tiny", campaign.trials)

    assert (found.seeds, found.steps, found.tokens) == ((5, 6), 10, 320)
    assert found.contestants["moe"].losses == (3.5, 3.52)
    assert found.contestants["total"].losses == (3.4, 3.43)
    shape = campaign.trials[0].variant.shape
    size = describe(shape, 320, 8)
    assert found.contestants["moe"].n_active == size.n_active < size.n_parameters
    assert found.contestants["moe"].flops_per_token == size.flops_per_token
    assert asdict(found.balance) == pytest.approx(
        {"mean_violation": 0.11, "worst_violation": 0.12, "least_load": 0.88}
    )
    assert "threads" not in found.numerics


def test_a_loss_that_was_not_finite_is_not_compared(plan):
    campaign = plan(seeds=(5,))
    for trial, loss in zip(campaign.trials, (3.5, None, 3.4), strict=True):
        leave_result(trial, loss)

    with pytest.raises(TrainingError, match="dense_tiny, seed 5: expected a finite loss"):
        Comparison.of("tiny", campaign.trials)
