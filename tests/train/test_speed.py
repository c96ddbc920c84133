"""Speed: tokens over seconds, of a clock that the test winds."""

import pytest

from alm.train.speed import RECENT_STEPS, Speed


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def step(speed, clock, seconds, flops=6.0):
    clock.now += seconds
    speed.count_step(flops)


def test_nothing_is_known_before_the_first_step(clock):
    speed = Speed(50, 1e12, clock)

    assert (speed.overall, speed.recent, speed.mfu) == (None, None, None)


def test_overall_is_since_the_start_and_recent_forgets_the_slow_beginning(clock):
    speed = Speed(50, None, clock)
    clock.now += 500
    speed.start()
    step(speed, clock, 100.0)  # compiles

    for _ in range(RECENT_STEPS):
        step(speed, clock, 2.0)

    assert speed.recent == 25.0
    assert speed.overall == 50 * (RECENT_STEPS + 1) / (100 + 2 * RECENT_STEPS)


def test_mfu_is_the_share_of_the_peak(clock):
    speed = Speed(50, 600.0, clock)

    step(speed, clock, 2.0)

    assert speed.mfu == 25.0 * 6.0 / 600.0


def test_short_rows_count_for_what_they_take(clock):
    speed = Speed(50, 600.0, clock)

    step(speed, clock, 2.0, flops=4.0)
    step(speed, clock, 2.0, flops=6.0)

    assert speed.mfu == 25.0 * 5.0 / 600.0


def test_without_a_peak_there_is_no_mfu(clock):
    speed = Speed(50, None, clock)

    step(speed, clock, 2.0)

    assert speed.mfu is None


def test_a_clock_that_stands_still_is_no_speed(clock):
    speed = Speed(50, None, clock)

    step(speed, clock, 0.0)

    assert speed.recent is None
