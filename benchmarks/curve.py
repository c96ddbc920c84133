"""How good a model was after how many seconds of training, and when it first was as good as that.

seconds of training: a stopwatch that stands still while held-out rows are scored
quality: bits per byte of the held-out text
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self


class Point(NamedTuple):
    """What one look at the held-out rows found."""

    seconds: float
    tokens: int
    bits_per_byte: float


@dataclass(frozen=True)
class Curve:
    """Points in order of time."""

    points: tuple[Point, ...]

    @classmethod
    def from_list(cls, points: list[list[float]]) -> Self:
        """Read plain data."""
        return cls(tuple(Point(*each) for each in points))

    @property
    def last(self) -> Point:
        """The end of the run."""
        return self.points[-1]

    def seconds_to(self, bits_per_byte: float) -> float | None:
        """Return when the curve first was at or below a quality; None where it never was.

        Between two looks it is taken to have gone straight.
        """
        before = None
        for point in self.points:
            if point.bits_per_byte <= bits_per_byte:
                return point.seconds if before is None else _cross(before, point, bits_per_byte)
            before = point
        return None


def _cross(before: Point, after: Point, level: float) -> float:
    share = (before.bits_per_byte - level) / (before.bits_per_byte - after.bits_per_byte)
    return before.seconds + share * (after.seconds - before.seconds)


@dataclass
class Stopwatch:
    """Seconds of training.

    Args:
        finish: waits until the device has done all it was given.
    """

    finish: Callable[[], None]
    _done: float = 0.0
    _started: float | None = None

    def start(self) -> None:
        """Let it run."""
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """What it shows."""
        if self._started is None:
            return self._done
        self.finish()
        return self._done + time.perf_counter() - self._started

    @contextmanager
    def stopped(self) -> Iterator[float]:
        """Stand still for a while; gives the seconds shown."""
        self._done, self._started = self.seconds, None
        yield self._done
        self.start()


@dataclass
class Record:
    """What a run leaves: its curve, and when each step ended."""

    watch: Stopwatch
    points: list[Point] = field(default_factory=list)
    step_ends: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, to the millisecond."""
        return {
            "points": [[round(s, 3), tokens, round(bpb, 5)] for s, tokens, bpb in self.points],
            "step_ends": [round(seconds, 3) for seconds in self.step_ends],
        }
