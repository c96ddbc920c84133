"""95 % intervals from a handful of runs: means and differences, ratios of them, medians."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from alm.errors import ConfigError

# 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom.
STUDENT = (
    *(12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814),
    *(2.20099, 2.17881, 2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302),
)
MOST_VALUES = len(STUDENT) + 1
LEAST_FOR_RANGE = 6  # values whose range holds the median of their source in 96.9 % of cases


@dataclass(frozen=True)
class Interval:
    """An estimate, and between what it lies with 95 % confidence."""

    value: float
    low: float | None
    """None, as ``high``, where the values do not bound it: there is but one, or they scatter."""
    high: float | None

    @classmethod
    def unbounded(cls, value: float) -> Self:
        """Return an estimate of which nothing more is known."""
        return cls(value, None, None)

    @property
    def half_width(self) -> float | None:
        """Half the distance from end to end; None where there are no ends."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies on that side of zero, else 0."""
        if self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean of independent values, by Student's t; of differences, where they are those.

    Raises:
        ConfigError: there are more values than the table of quantiles knows.
    """
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval.unbounded(mean)
    reach = _quantile(len(values)) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def ratio_interval(upper: Sequence[float], lower: Sequence[float]) -> Interval:
    """Return mean(upper) / mean(lower) of paired values, by Fieller's theorem.

    A ratio r belongs to the interval where a t test of ``upper - r * lower`` against 0 does not
    refuse it: no approximation for pairs that are normal together, however few. Unbounded where
    the mean of ``lower`` is not told from 0.

    Reference:
        Fieller 1954, Some problems in interval estimation.
    """
    x, y = statistics.fmean(upper), statistics.fmean(lower)
    n = len(upper)
    if n == 1:
        return Interval.unbounded(x / y)
    g = _quantile(n) ** 2 / n
    a = y * y - g * statistics.variance(lower)
    b = x * y - g * statistics.covariance(upper, lower)
    c = x * x - g * statistics.variance(upper)
    if a <= 0:
        return Interval.unbounded(x / y)
    root = math.sqrt(max(0.0, b * b - a * c))  # never below 0 where a > 0, but for rounding
    return Interval(x / y, (b - root) / a, (b + root) / a)


def median_interval(values: Sequence[float]) -> Interval:
    """Return the median and, from six values on, their range.

    The median of the source lies outside the range of n values with probability 2^(1 - n), whatever
    its distribution.
    """
    median = statistics.median(values)
    if len(values) < LEAST_FOR_RANGE:
        return Interval.unbounded(median)
    return Interval(median, min(values), max(values))


def _quantile(n: int) -> float:
    if n > MOST_VALUES:
        raise ConfigError(f"expected at most {MOST_VALUES} seeds, found {n}; give fewer")
    return STUDENT[n - 2]
