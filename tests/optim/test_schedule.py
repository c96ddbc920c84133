"""lr_factor: where a schedule starts, peaks and ends, whatever its name."""

import math
from dataclasses import replace

import pytest

from alm.config import Params
from alm.optim import SCHEDULES, lr_factor

STEPS = 100


@pytest.fixture(params=sorted(SCHEDULES))
def config(request):
    train = Params.load("tiny").train
    return replace(
        train, schedule=request.param, warmup_fraction=0.1, decay_fraction=0.4, min_lr_ratio=0.1
    )


def test_first_step_is_small_but_not_nothing(config):
    assert 0 < lr_factor(0, STEPS, config) < 0.2


def test_warm_up_rises_in_equal_steps_to_the_peak(config):
    factors = [lr_factor(step, STEPS, config) for step in range(11)]

    rises = [b - a for a, b in zip(factors, factors[1:], strict=False)]
    assert rises == pytest.approx([1 / 11] * 10)
    assert factors[-1] == 1.0


def test_last_step_is_near_the_floor_and_nothing_is_below_it(config):
    factors = [lr_factor(step, STEPS, config) for step in range(STEPS)]

    assert min(factors[10:]) == factors[-1] == pytest.approx(config.min_lr_ratio, abs=0.03)


def test_never_rises_after_warm_up(config):
    factors = [lr_factor(step, STEPS, config) for step in range(10, STEPS)]

    assert factors == sorted(factors, reverse=True)


def test_wsd_stays_at_the_peak_until_it_decays(config):
    config = replace(config, schedule="wsd")

    assert {lr_factor(step, STEPS, config) for step in range(10, 60)} == {1.0}
    assert lr_factor(60, STEPS, config) < 1.0


def test_wsd_without_decay_stays_at_the_peak_to_the_end(config):
    config = replace(config, schedule="wsd", decay_fraction=0.0)

    assert {lr_factor(step, STEPS, config) for step in range(10, STEPS)} == {1.0}


def test_beyond_the_end_there_is_no_negative_rate(config):
    config = replace(config, schedule="wsd", min_lr_ratio=0.0)

    assert lr_factor(STEPS + 7, STEPS, config) == 0.0


def test_cosine_is_half_way_down_in_the_middle(config):
    config = replace(config, schedule="cosine", min_lr_ratio=0.0)

    assert lr_factor(55, STEPS, config) == pytest.approx(0.5)
    assert lr_factor(10 + 30, STEPS, config) == pytest.approx(0.5 * (1 + math.cos(math.pi / 3)))


def test_without_warm_up_the_first_step_is_the_peak(config):
    assert lr_factor(0, STEPS, replace(config, warmup_fraction=0.0)) == pytest.approx(1.0)


def test_a_run_of_one_step_has_a_rate():
    assert lr_factor(0, 1, Params.load("tiny").train) > 0
