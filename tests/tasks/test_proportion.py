"""Wilson's interval, against SciPy's."""

import pytest
from scipy.stats import binomtest

from alm.tasks.proportion import Proportion


@pytest.mark.parametrize(("held", "n"), [(0, 1), (1, 1), (0, 12), (3, 12), (12, 12), (17, 50)])
def test_interval_is_that_of_scipy(held, n):
    expected = binomtest(held, n).proportion_ci(method="wilson")

    assert Proportion(held, n).interval == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_none_and_all_of_a_few_cases_are_not_certain():
    assert Proportion(0, 12).interval[0] == 0.0 < Proportion(0, 12).interval[1]
    assert Proportion(12, 12).interval[0] < 1.0 == Proportion(12, 12).interval[1]


def test_cases_are_counted():
    assert Proportion.of(n > 2 for n in range(4)) == Proportion(1, 4)
    assert Proportion(1, 4).value == 0.25


def test_no_case_says_nothing():
    assert Proportion.of([]).as_dict() == {"value": None, "interval": None}
