"""Speed: by turns, as a ratio, measured once, and only where nobody else is at work."""

from contextlib import nullcontext

import pytest

from alm.io import canonical_json, parse_json
from alm.twins import Interval, Speed, speed
from alm.twins.speed import TURNS, find_speed, measure_speed

SECONDS = {
    "moe": [2.0, 4.0, 2.0, 2.0, 2.0, 2.0],
    "active": [1.0, 2.2, 1.2, 1.0, 1.0, 1.0],
    "total": [4.0, 8.0, 4.0, 4.0, 4.0, 4.0],
}


def test_ratios_are_taken_within_a_turn():
    """What slows a turn slows all that is in it."""
    found = Speed.of(SECONDS, 100, "m", "d")

    assert found.ratios["active"] == Interval(0.5, 0.5, pytest.approx(0.6))
    assert found.ratios["total"] == Interval(2.0, 2.0, 2.0)
    assert found.tokens_per_second["moe"] == Interval(50.0, 25.0, 50.0)
    assert found.turns == 6


def test_what_was_kept_is_what_was_measured():
    found = Speed.of(SECONDS, 100, "m", "d")

    assert Speed.from_json(parse_json(canonical_json(found.to_json()))) == found


def test_figures_tell_neither_when_nor_where():
    assert Speed.of(SECONDS, 100, "m", "d").figures().keys() == {
        "tokens_per_second",
        "ratios",
        "turns",
    }


@pytest.fixture
def trials(plan):
    return {trial.variant.name: trial for trial in plan(seeds=(5,)).trials}


def test_each_network_takes_every_turn(trials, numerics, monkeypatch):
    taken = []
    monkeypatch.setattr(
        speed,
        "stepping",
        lambda training: nullcontext(lambda: taken.append(training.spec.model.d_ff)),
    )

    measure_speed(trials, numerics)

    mixtures, actives, totals = taken[::3], taken[1::3], taken[2::3]
    assert len(mixtures) == len(actives) == len(totals) > TURNS
    assert set(mixtures) == set(actives) == {24}
    assert set(totals) == {32}


def test_networks_are_measured_once(trials, numerics, monkeypatch):
    monkeypatch.setattr(speed, "is_busy", lambda: False)

    first = find_speed(trials, numerics)
    monkeypatch.setattr(speed, "is_busy", lambda: True)

    assert first.turns == TURNS
    assert all(each.low > 0 for each in first.ratios.values())
    assert find_speed(trials, numerics) == first


@pytest.mark.parametrize("busy", [[True], [False, True]])
def test_on_a_busy_machine_nothing_is_kept(trials, numerics, monkeypatch, busy):
    """Busy before, or busy after: then it was so in between."""
    looks = iter([*busy, True])
    monkeypatch.setattr(speed, "is_busy", lambda: next(looks))
    monkeypatch.setattr(speed, "measure_speed", lambda *_: Speed.of(SECONDS, 1, "m", "d"))

    assert find_speed(trials, numerics) is None
    assert find_speed(trials, numerics) is None
