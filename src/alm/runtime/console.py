"""Say how a run goes: one live line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PLAIN_SECONDS = 10.0  # between progress lines where there is no terminal
BAR = 6
BESIDES = BAR + 29  # columns of the bar, percent, times, and spaces between; two to spare
GAP = "  "  # between figures


class ProgressLine:
    """Progress over a known number of steps, with a few figures behind it.

    A terminal shows as many figures as its width has room for, and always the bar and the times.
    """

    def __init__(self, label: str, total: int) -> None:
        self._console = Console(file=sys.stdout, highlight=False)
        self._label = label
        self._total = total
        self._live = self._console.is_terminal
        self._said = 0.0
        self._progress = Progress(
            TextColumn(label),
            BarColumn(bar_width=BAR),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            disable=not self._live,
        )
        self._task = self._progress.add_task(label, total=total, figures="")

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state of the line on the screen."""
        self._progress.stop()

    def say(self, message: str) -> None:
        """Print a line of its own, above the live one."""
        self._console.print(message, soft_wrap=True, markup=False)

    def update(self, done: int, figures: Iterable[str]) -> None:
        """Show that ``done`` steps are behind us, with figures, the most important first."""
        figures = list(figures)
        room = self._console.width - len(self._label) - BESIDES
        self._progress.update(self._task, completed=done, figures=join_fitting(figures, room))
        now = time.monotonic()
        if not self._live and (now - self._said > PLAIN_SECONDS or done == self._total):
            self._said = now
            share = done / self._total
            self.say(f"{self._label} {done}/{self._total} ({share:.0%}) {GAP.join(figures)}")


def join_fitting(figures: list[str], room: int) -> str:
    """Join the first figures that ``room`` columns are enough for."""
    while len(GAP.join(figures)) > room:
        figures = figures[:-1]
    return GAP.join(figures)
