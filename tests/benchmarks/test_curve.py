"""When a run is as good as another: read off its curve, not off the clock."""

import pytest
from curve import Curve, Point, Stopwatch

FALLING = Curve((Point(10, 100, 4.0), Point(20, 200, 3.0), Point(40, 400, 2.0)))


@pytest.mark.parametrize(
    ("level", "seconds"), [(4.0, 10), (3.5, 15), (3.0, 20), (2.25, 35), (2.0, 40), (5.0, 10)]
)
def test_level_is_reached_between_two_looks(level, seconds):
    assert FALLING.seconds_to(level) == pytest.approx(seconds)


def test_level_that_was_never_reached_has_no_time():
    assert FALLING.seconds_to(1.9) is None


def test_first_time_counts_where_a_curve_rises_again():
    curve = Curve((Point(10, 1, 4.0), Point(20, 2, 2.0), Point(30, 3, 5.0), Point(40, 4, 1.0)))

    assert curve.seconds_to(3.0) == pytest.approx(15)


def test_stopwatch_stands_still_while_rows_are_scored(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("curve.time.perf_counter", lambda: now[0])
    watch = Stopwatch(lambda: None)
    watch.start()
    now[0] = 3.0
    with watch.stopped() as seconds:
        now[0] = 100.0
        assert watch.seconds == 3.0
    now[0] = 102.0

    assert (seconds, watch.seconds) == (3.0, 5.0)


def test_stopwatch_waits_for_the_device_before_it_is_read():
    waited = []
    watch = Stopwatch(lambda: waited.append(True))
    watch.start()

    assert watch.seconds >= 0
    assert waited == [True]
