"""How fast networks train, measured by turns in one process: the ratio is what counts.

A trial's own clock tells little: others may have shared the machine with it. So a few steps of each
network are timed apart, one after the other and again, on a machine that does nothing else.
"""

import datetime
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch

from alm.io import canonical_json, read_json, sha256_bytes, write_json
from alm.runtime import Numerics
from alm.runtime.idleness import is_busy
from alm.twins.intervals import Interval, median_interval
from alm.twins.machine import describe_machine
from alm.twins.stepping import stepping
from alm.twins.trial import Trial
from alm.twins.variants import MIXTURE

TURNS = 7
WARM_UP = 2  # turns that are not counted: they compile, and touch memory for the first time


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Training speed of each network, and how the mixture's compares."""

    tokens_per_second: dict[str, Interval]
    """By variant: median over turns, and their range."""
    ratios: dict[str, Interval]
    """The mixture's speed over that of each twin, within a turn."""
    turns: int
    machine: str
    day: str
    """As ISO 8601 writes it."""

    @classmethod
    def of(cls, seconds: Mapping[str, list[float]], n_tokens: int, machine: str, day: str) -> Self:
        """Sum up the seconds that a step of ``n_tokens`` took, by variant and turn."""
        twins = [name for name in seconds if name != MIXTURE]
        pairs = {
            name: [d / m for d, m in zip(seconds[name], seconds[MIXTURE], strict=True)]
            for name in twins
        }
        return cls(
            tokens_per_second={
                name: median_interval([n_tokens / each for each in taken])
                for name, taken in seconds.items()
            },
            ratios={name: median_interval(ratios) for name, ratios in pairs.items()},
            turns=len(seconds[MIXTURE]),
            machine=machine,
            day=day,
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild what :meth:`to_json` gave."""
        tables = {
            name: {key: Interval(**each) for key, each in values[name].items()}
            for name in ("tokens_per_second", "ratios")
        }
        return cls(**{**values, **tables})

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def figures(self) -> dict[str, Any]:
        """Return the figures as plain data, without when and where."""
        return {key: each for key, each in asdict(self).items() if key not in {"machine", "day"}}


def find_speed(trials: Mapping[str, Trial], numerics: Numerics) -> Speed | None:
    """Return the speed of trials, one per variant: as measured here before, or else measured now.

    None where the machine is busy with something else. What is measured is kept in the state
    directory, for these trials and numerics.
    """
    runs = [trials[name].training.fingerprint.short for name in trials]
    key = sha256_bytes(canonical_json([runs, numerics.as_dict()]).encode("utf-8"))
    path = trials[MIXTURE].campaign_root / "speed" / f"{key[:12]}.json"
    if path.exists():
        return Speed.from_json(read_json(path))
    if is_busy():
        return None
    found = measure_speed(trials, numerics)
    if is_busy():  # so it was while we measured, as likely as not
        return None
    write_json(path, found.to_json())
    return found


def measure_speed(trials: Mapping[str, Trial], numerics: Numerics) -> Speed:
    """Let the networks take turns, a step each, and time them."""
    seconds: dict[str, list[float]] = {name: [] for name in trials}
    with ExitStack() as stack:
        steps = {
            name: stack.enter_context(stepping(trial.training)) for name, trial in trials.items()
        }
        for turn in range(WARM_UP + TURNS):
            for name, step in steps.items():
                taken = _time(step, numerics.device)
                seconds[name] += [taken] if turn >= WARM_UP else []
    training = trials[MIXTURE].training
    n_tokens = training.params.train.batch_size * training.spec.seq_len
    today = datetime.date.today().isoformat()
    return Speed.of(seconds, n_tokens, describe_machine(numerics), today)


def _time(step: Callable[[], None], device: str) -> float:
    started = time.perf_counter()
    step()
    if device != "cpu":
        torch.get_device_module(device).synchronize()  # it may be at work still
    return time.perf_counter() - started
