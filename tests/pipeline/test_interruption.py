"""Kill it anywhere: what is built after a SIGKILL is what would have been built without it."""

import os
import re
import signal
import time

import pytest

from alm.io import sha256_file

pytestmark = pytest.mark.slow

MAKE = ("make", "pretrain", "PRESET=tiny")
DVC = ("dvc", "repro", "pretrain@tiny")
RESULTS = (
    "build/models/tiny/pretrain/model.safetensors",
    "build/models/tiny/pretrain/best.safetensors",
    "reports/tiny/pretrain.json",
    "reports/tiny/loss.csv",
    "dvc.lock",
)


def digests(house):
    return {path: sha256_file(house.root / path) for path in RESULTS}


def newest_state(house):
    """Return the step of the newest saved state, 0 once the run has begun, None before."""
    steps = [int(path.name[5:]) for path in house.root.glob(".state/tiny/*/step-" + "[0-9]" * 8)]
    begun = list(house.root.glob(".state/tiny/*/fingerprint.json"))
    return max(steps, default=0 if begun else None)


def wait_for(house, step, process):
    """Wait until the running stage has saved ``step``."""
    deadline = time.monotonic() + 60
    while (found := newest_state(house)) is None or found < step:
        assert time.monotonic() < deadline and process.poll() is None, step
        time.sleep(0.002)


def kill(process, victim):
    """Kill dvc alone, or make, dvc and the stage that it runs."""
    if victim == "dvc":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def wait_until_it_leaves(house):
    """Wait until the stage that lost its dvc has announced that it stops."""
    (lock,) = house.root.glob(".state/tiny/*/.lock")
    deadline = time.monotonic() + 30
    while "stopping" not in lock.read_text():
        assert time.monotonic() < deadline, "the stage goes on without its parent"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(micro_house, tmp_path_factory):
    house = micro_house.copy(tmp_path_factory.mktemp("undisturbed") / "house")
    house.repro("pretrain@tiny")
    return digests(house)


@pytest.mark.parametrize(("step", "victim"), [(20, "dvc"), (60, "group")])
def test_a_killed_build_ends_in_the_same_bytes(micro_house, tmp_path, undisturbed, step, victim):
    house = micro_house.copy(tmp_path / "house")
    process = house.start(*(DVC if victim == "dvc" else MAKE))
    wait_for(house, step, process)

    kill(process, victim)
    if victim == "dvc":
        wait_until_it_leaves(house)
    output = house.run(*MAKE)

    if step:
        assert int(re.search(r"resuming at step (\d+) of 60", output)[1]) >= step
    assert digests(house) == undisturbed


def test_interrupt_saves_exits_with_an_error_and_goes_on(micro_house, tmp_path, undisturbed):
    house = micro_house.copy(tmp_path / "house")
    process = house.start(*MAKE)
    wait_for(house, 5, process)

    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=30)[0]

    assert process.returncode != 0
    assert "the same command goes on from there" in output
    assert "Traceback" not in output
    house.run(*MAKE)
    assert digests(house) == undisturbed
