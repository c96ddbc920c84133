"""Scale: known points on known pixels, ticks at round numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.report.scale import Scale, tick_step

VALUES = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda x: round(x, 6)))


def test_ends_and_middle():
    scale = Scale(0, 10, 100, 200, log=False)

    assert [scale.at(value) for value in (0, 5, 10)] == [100, 150, 200]


def test_upside_down_as_svg_counts():
    assert Scale(0, 10, 200, 100, log=False).at(2) == 180


def test_logarithm_gives_equal_room_to_equal_factors():
    scale = Scale(1, 100, 0, 100, log=True)

    assert scale.at(10) == pytest.approx(50)


def test_span_ends_at_round_numbers():
    scale = Scale.around([2.13, 5.9], 0, 1)

    assert (scale.low, scale.high) == (2, 6)
    assert scale.ticks() == [2, 3, 4, 5, 6]


def test_log_span_ends_at_one_two_or_five():
    scale = Scale.around([0.3, 0, -1, 30], 0, 1, log=True)

    assert (scale.low, scale.high) == pytest.approx((0.2, 50))
    assert scale.ticks() == pytest.approx([0.3, 1, 3, 10, 30])


def test_short_log_span_is_marked_at_one_two_and_five():
    assert Scale.around([1, 9], 0, 1, log=True).ticks() == pytest.approx([1, 2, 5, 10])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("values", [[], [0.0], [3.0], [3.0, 3.0]], ids=str)
def test_few_values_still_span_something(values, log):
    scale = Scale.around(values, 0, 100, log=log)

    assert scale.low < scale.high
    shown = [value for value in values if value > 0 or not log]
    assert all(scale.low <= value <= scale.high for value in shown)
    assert scale.ticks()


@given(VALUES)
def test_every_value_has_a_place_and_ticks_lie_inside(values):
    scale = Scale.around(values, 0, 1000)

    assert all(-0.01 <= scale.at(value) <= 1000.01 for value in values)
    assert all(-0.01 <= scale.at(value) <= 1000.01 for value in scale.ticks())
    assert 2 <= len(scale.ticks()) <= 8


@given(st.lists(st.floats(1e-12, 1e12)))
def test_every_positive_value_has_a_place_on_a_log_scale(values):
    scale = Scale.around(values, 0, 1000, log=True)

    assert all(-0.01 <= scale.at(value) <= 1000.01 for value in values)
    assert 1 <= len(scale.ticks()) <= 9


@pytest.mark.parametrize(
    ("span", "step"), [(10, 2), (9, 2), (100, 20), (0.03, 0.01), (5, 1), (12, 2.5), (1.1, 0.25)]
)
def test_steps_are_round(span, step):
    assert tick_step(span, 5) == pytest.approx(step)
