"""Intervals: the textbook's, checked by integrals, by the test that they invert, and by hand."""

import math

import pytest

from alm.errors import ConfigError
from alm.twins import Interval
from alm.twins.intervals import STUDENT, mean_interval, median_interval, ratio_interval


def probability_beyond(t, degrees):
    """Of Student's distribution, both tails: Simpson's rule over x = tan(angle)."""
    scale = math.gamma((degrees + 1) / 2) / math.gamma(degrees / 2) / math.sqrt(math.pi)
    start, n = math.atan(t / math.sqrt(degrees)), 2000
    width = (math.pi / 2 - start) / n
    values = [math.cos(start + i * width) ** (degrees - 1) for i in range(n + 1)]
    odd, even = math.fsum(values[1:-1:2]), math.fsum(values[2:-1:2])
    return 2 * scale * width / 3 * (values[0] + values[-1] + 4 * odd + 2 * even)


@pytest.mark.parametrize("degrees", range(1, len(STUDENT) + 1))
def test_quantiles_leave_five_percent_outside(degrees):
    assert probability_beyond(STUDENT[degrees - 1], degrees) == pytest.approx(0.05, abs=2e-6)


def test_mean_of_three_reaches_four_point_three_standard_errors():
    found = mean_interval([1.0, 2.0, 3.0])  # standard deviation 1

    assert found.value == 2.0
    assert found.half_width == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
    assert found.low + found.high == pytest.approx(4.0)


def test_one_value_has_no_interval():
    assert mean_interval([1.5]) == ratio_interval([3.0], [2.0]) == Interval(1.5, None, None)
    assert mean_interval([1.5]).half_width is None


def test_more_values_than_the_table_has_are_refused():
    mean_interval(range(20))

    with pytest.raises(ConfigError, match="at most 20 seeds, found 21"):
        mean_interval(range(21))


@pytest.mark.parametrize(
    ("ends", "sign"), [((0.1, 0.2), 1), ((-0.2, -0.1), -1), ((-0.1, 0.2), 0), ((None, None), 0)]
)
def test_sign_is_told_only_where_the_whole_interval_has_it(ends, sign):
    assert Interval(0.0, *ends).sign == sign


UPPER, LOWER = [0.10, 0.09, 0.11, 0.08], [0.14, 0.13, 0.16, 0.135]


def test_ends_of_a_ratio_are_where_the_t_test_is_at_its_limit():
    found = ratio_interval(UPPER, LOWER)

    assert found.value == pytest.approx(0.38 / 0.565)
    for end, side in ((found.low, 1), (found.high, -1)):
        rest = [u - end * v for u, v in zip(UPPER, LOWER, strict=True)]
        mean = math.fsum(rest) / 4
        error = math.sqrt(math.fsum((r - mean) ** 2 for r in rest) / 3 / 4)
        assert mean / error == pytest.approx(side * STUDENT[2], rel=1e-6)
    assert found.low < found.value < found.high


def test_ratio_of_what_may_be_nothing_has_no_interval():
    found = ratio_interval([0.1, 0.1, 0.2], [0.1, -0.1, 0.12])

    assert (found.low, found.high) == (None, None)
    assert found.value == pytest.approx(0.4 / 0.12)


def test_median_of_six_or_more_lies_within_their_range():
    assert median_interval([5.0, 1.0, 2.0, 9.0, 3.0, 4.0]) == Interval(3.5, 1.0, 9.0)
    assert median_interval([5.0, 1.0, 2.0]) == Interval(2.0, None, None)
