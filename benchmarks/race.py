"""Runners that do the same work by turns, and the table of how fast each was."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ABSENT = "-"


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Runner:
    """One way to do the work."""

    name: str
    run: Callable[[], Any]
    """What is timed; returns its result."""
    check: Callable[[Any], str] = lambda _: ABSENT
    """Compares the result of the last turn with what it should be, in a few words."""
    prepare: Callable[[], Any] = nothing
    """Comes before every turn, and is not timed."""
    is_ours: bool = False


@dataclass
class Race:
    """Runners on the same documents; every peer is compared with each runner of ours.

    Args:
        title: what is done.
        amount: how much of it each runner does, in ``unit``.
        unit: such as MB.
        runners: ours first.
    """

    title: str
    amount: float
    unit: str
    runners: list[Runner]
    seconds: dict[str, float] = field(default_factory=dict)
    """Best time of each runner."""
    checks: dict[str, str] = field(default_factory=dict)

    def hold(self, turns: int) -> "Race":
        """Let the runners take turns, keep each one's best time, check its last result."""
        for turn in range(turns):
            for runner in self.runners:
                runner.prepare()
                started = time.perf_counter()
                result = runner.run()
                taken = time.perf_counter() - started
                self.seconds[runner.name] = min(taken, self.seconds.get(runner.name, taken))
                if turn == turns - 1:
                    self.checks[runner.name] = runner.check(result)
        return self

    def render(self) -> str:
        """Return the table in Markdown: a ratio above 1 says that ours is faster."""
        ours = [runner for runner in self.runners if runner.is_ours]
        ratios = [f"{runner.name} is faster by" for runner in ours]
        rows = [
            [self.title, f"{self.unit}/s", *ratios, "result"],
            ["---", "--:", *["--:" for _ in ours], "---"],
            *(self._row(runner, ours) for runner in self.runners),
        ]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def _row(self, runner: Runner, ours: list[Runner]) -> list[str]:
        seconds = self.seconds[runner.name]
        ratios = [seconds / self.seconds[each.name] for each in ours]
        shown = [ABSENT if runner.is_ours else _spell(ratio) for ratio in ratios]
        return [runner.name, _spell(self.amount / seconds), *shown, self.checks[runner.name]]


def _spell(number: float) -> str:
    """Return three digits, or all of those before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def count_equal(found: list[Any], expected: list[Any]) -> str:
    """Say how many results are equal to what they should be."""
    equal = sum(one == other for one, other in zip(found, expected, strict=True))
    return f"{equal:,} of {len(expected):,} equal"
