"""Map numbers to pixels, and mark a scale at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

ROUND = (1, 2, 2.5, 5, 10)  # a tick step is one of these times a power of ten


@dataclass(frozen=True)
class Scale:
    """A line (or with ``log``, a logarithm) from ``[low, high]`` to ``[start, end]`` pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    @classmethod
    def around(
        cls,
        values: Iterable[float],
        start: float,
        end: float,
        *,
        log: bool = False,
        n_ticks: int = 5,
    ) -> Self:
        """Span ``values`` and a little more, so that both ends are round numbers.

        A logarithmic scale passes over what is not positive. Without values, it is the unit one.
        """
        usable = [value for value in values if not log or value > 0]
        low, high = (min(usable), max(usable)) if usable else (1.0, 10.0) if log else (0.0, 1.0)
        low, high = _round_log(low, high) if log else _round_linear(low, high, n_ticks)
        return cls(low, high, start, end, log)

    def at(self, value: float) -> float:
        """Return the pixel of ``value``."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, n_ticks: int = 5) -> list[float]:
        """Return about ``n_ticks`` round numbers, ascending."""
        if self.log:
            return _log_ticks(self.low, self.high, n_ticks)
        step = tick_step(self.high - self.low, n_ticks)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]


def tick_step(span: float, n_ticks: int) -> float:
    """Return the smallest round step that marks ``span`` at most ``n_ticks`` times."""
    rough = span / n_ticks
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in ROUND if m * power >= rough * (1 - 1e-9))


def _round_linear(low: float, high: float, n_ticks: int) -> tuple[float, float]:
    if low == high:
        pad = abs(low) / 2 or 1.0
        low, high = low - pad, high + pad
    step = tick_step(high - low, n_ticks)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _round_log(low: float, high: float) -> tuple[float, float]:
    """Widen to the nearest of 1, 2 and 5 times a power of ten."""
    below = [m * 10.0 ** math.floor(math.log10(low)) for m in (1, 2, 5)]
    above = [m * 10.0 ** math.floor(math.log10(high)) for m in (1, 2, 5, 10)]
    low = max(value for value in below if value <= low * (1 + 1e-9))
    high = min(value for value in above if value >= high * (1 - 1e-9))
    return (low, high) if low < high else (low, 10 * low)


def _log_ticks(low: float, high: float, n_ticks: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for marks in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**d for d in decades for m in marks]
        ticks = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        if len(ticks) <= n_ticks + 2:
            break
    return ticks[:: math.ceil(len(ticks) / (n_ticks + 2))]
