"""Kill a real make at random instants, often: what is built in the end is what would have been.

A trial kills one to three times, every other trial make with all that it started, the others dvc
alone, whose stage then has to notice. Most kills come within 150 ms after a state was saved, when
it is still being announced or the former one removed; the rest anywhere, from dvc's own start on.
"""

import os
import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import pytest

from alm.io import sha256_file

pytestmark = pytest.mark.slow

MAKE = ("make", "pretrain", "PRESET=tiny")
DVC = ("dvc", "repro", "pretrain@tiny")
STEPS, SAVE_EVERY = 30, 5
AFTER_A_SAVE = 0.75  # share of the kills
SECONDS_AFTER, SECONDS_ANYWHERE = 0.15, 6.0
AT_ONCE = 2
N_PARTS = 8  # of the two hundred trials of a night; `-k part-3` runs the third by itself
RESULTS = (
    "build/models/tiny/pretrain/model.safetensors",
    "build/models/tiny/pretrain/best.safetensors",
    "reports/tiny/pretrain.json",
    "reports/tiny/loss.csv",
    "dvc.lock",
)


@dataclass
class Trial:
    """What was done to one build, for the message of a failure."""

    number: int
    house: object
    kills: list
    n_amid: int = 0  # kills of a build that was at work just after it had saved


def digests(house):
    return {path: sha256_file(house.root / path) for path in RESULTS}


def newest_step(house):
    steps = [int(path.name[5:]) for path in house.root.glob(".state/tiny/*/step-" + "[0-9]" * 8)]
    return max(steps, default=0)


def wait_until(condition, process, seconds):
    """Wait for a condition, the end of the process, or the time to pass."""
    deadline = time.monotonic() + seconds
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


def kill_once(trial, rng):
    """Start the build and kill it at a moment that the seed decides."""
    victim = "dvc" if trial.number % 2 else "group"
    process = trial.house.start(*(DVC if victim == "dvc" else MAKE))
    done = newest_step(trial.house)
    if rng.random() < AFTER_A_SAVE and done < STEPS:
        # A run that lost its dvc has saved wherever it was, between the steps that are due.
        step = rng.choice([due for due in range(0, STEPS + 1, SAVE_EVERY) if due > done])
        wait_until(lambda: newest_step(trial.house) >= step, process, 60)
        delay, where = rng.uniform(0, SECONDS_AFTER), f"after step {step}"
    else:
        delay, where = rng.uniform(0, SECONDS_ANYWHERE), "anywhere"
    wait_until(lambda: False, process, delay)
    has_ended = process.poll() is not None
    trial.kills.append(f"{victim} {where} + {delay:.3f} s" + ", ended" * has_ended)
    trial.n_amid += not has_ended and newest_step(trial.house) > done
    if victim == "dvc":
        process.kill()
    else:
        with suppress(ProcessLookupError):  # it had finished
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def run_trial(number, template, folder):
    """Kill and build again; return the trial and what came of it."""
    rng = random.Random(f"kill {number}")
    trial = Trial(number, template.copy(folder / f"house{number}"), [])
    for _ in range(rng.randint(1, 3)):
        kill_once(trial, rng)
    output = trial.house.run(*MAKE)
    found = digests(trial.house)
    shutil.rmtree(trial.house.root)
    return trial, found, output


@pytest.fixture(scope="module")
def template(micro_house, tmp_path_factory):
    house = micro_house.copy(tmp_path_factory.mktemp("kills") / "house")

    def shorten(params):
        tiny = params["presets"]["tiny"]
        seq_len, batch_size = tiny["data"]["seq_len"], tiny["train"]["batch_size"]
        tiny["train"].update(tokens=STEPS * seq_len * batch_size, save_every=SAVE_EVERY)

    house.edit("params.yaml", shorten)
    return house


@pytest.fixture(scope="module")
def undisturbed(template, tmp_path_factory):
    house = template.copy(tmp_path_factory.mktemp("undisturbed") / "house")
    house.run(*MAKE)
    return digests(house)


# Six builds are killed thirteen times by day, two hundred some four hundred times in a night.
PARTS = {f"part-{i + 1}": range(12 + 25 * i, 37 + 25 * i) for i in range(N_PARTS)}
TRIALS = [
    pytest.param(range(6), id="six"),
    *(pytest.param(part, id=name, marks=pytest.mark.nightly) for name, part in PARTS.items()),
]


def test_two_hundred_are_killed_in_a_night():
    assert sorted(number for part in PARTS.values() for number in part) == [*range(12, 212)]


@pytest.mark.parametrize("numbers", TRIALS)
def test_a_build_killed_at_random_ends_in_the_same_bytes(template, tmp_path, undisturbed, numbers):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        trials = list(pool.map(lambda number: run_trial(number, template, tmp_path), numbers))

    differing = [
        (trial.number, trial.kills, output)
        for trial, found, output in trials
        if found != undisturbed
    ]
    assert differing == []
    assert sum(trial.n_amid for trial, _, _ in trials) >= len(numbers)
