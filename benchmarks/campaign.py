"""Runs of time to quality: each is made once, in a process of its own, and kept."""

import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from curve import Curve
from trial import Trial

from alm.config import available_cores
from alm.io import read_json, sha256_bytes, sha256_file, sha256_tree

HERE = Path(__file__).parent
CODE = (Path("src/alm"), HERE)  # what a kept run depends on
PROBE_STEPS, WARM_UP = 8, 2
MOST_MORE = 2  # values beyond those given that a sweep may try


@dataclass(frozen=True)
class Run:
    """A finished trial."""

    trial: Trial
    values: dict[str, Any]
    """What its process wrote."""

    @cached_property
    def curve(self) -> Curve:
        """Quality over time."""
        return Curve.from_list(self.values["points"])

    @property
    def bits_per_byte(self) -> float:
        """At the end; infinite where the loss was not finite."""
        last = self.curve.last.bits_per_byte if self.curve.points else math.nan
        return last if math.isfinite(last) else math.inf

    @property
    def step_seconds(self) -> float:
        """Of the median step, without the first ones."""
        ends = self.values["step_ends"][WARM_UP - 1 :]
        return statistics.median(b - a for a, b in zip(ends, ends[1:], strict=False))


@dataclass(frozen=True)
class Campaign:
    """All runs of one comparison, each made once and kept.

    Args:
        base: what all trials have in common.
        folder: where finished runs are kept.
        device: where they run.
    """

    base: Trial
    folder: Path
    device: str

    def run(self, trial: Trial) -> Run:
        """Return a trial's run, as kept or made now."""
        path = self.folder / f"{trial.side}-{self._key(trial)}.json"
        if not path.exists():
            print(f"{trial.side}: {trial.rows} rows, lr {trial.lr:g}, seed {trial.seed}, ", end="")
            print(f"{trial.steps} steps", file=sys.stdout, flush=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, str(HERE / "timed.py"), trial.to_json(), str(path)]
            subprocess.run(command, check=True, env={**os.environ, "ALM_DEVICE": self.device})
        return Run(trial, read_json(path))

    def plan(self, trial: Trial, seconds: float) -> Trial:
        """Give a trial as many steps as it can do in a time, by a short run of the same kind."""
        short = replace(trial, steps=PROBE_STEPS, looks=1, held_out_rows=1)
        return replace(trial, steps=max(2, int(seconds / self.run(short).step_seconds)))

    def _key(self, trial: Trial) -> str:
        """Name everything that a run depends on."""
        code = [sha256_tree(path) for path in CODE]
        libraries = [version(name) for name in ("torch", "transformers")]
        settings = [trial.to_json(), repr(trial.params()), self.device]
        settings += [str(available_cores()), os.environ.get("ALM_THREADS", "")]
        text = sha256_file(Path(trial.packed) / "manifest.json")
        parts = [*settings, text, *code, *libraries]
        return sha256_bytes("\n".join(parts).encode())[:16]


def tune(values: tuple[float, ...], run: Callable[[float], Run]) -> list[Run]:
    """Run all values, which are a factor of two apart; and two further ones while an edge is best.

    Where one is best even then, that is said.
    """
    runs = {value: run(value) for value in values}
    for _ in range(MOST_MORE):
        if (further := _beyond(runs)) is None:
            break
        runs[further] = run(further)
    if (further := _beyond(runs)) is not None:
        print(f"best at the edge of what was tried: {further} may be better")
    return list(runs.values())


def _beyond(runs: dict[float, Run]) -> float | None:
    """Return the next value to try; None where both neighbours of the best are worse."""
    best = min(runs, key=lambda value: runs[value].bits_per_byte)
    further = {min(runs): best / 2, max(runs): best * 2}.get(best)
    if further is None or (isinstance(best, int) and further < 1):
        return None
    return type(best)(further)
