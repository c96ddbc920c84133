"""Kill it anywhere: what is built after a SIGKILL is what would have been built without it."""

import os
import re
import signal
import time

import pytest

from alm.io import sha256_file

pytestmark = pytest.mark.slow

RESULTS = (
    "build/models/tiny/pretrain/model.safetensors",
    "build/models/tiny/pretrain/best.safetensors",
    "reports/tiny/pretrain.json",
    "reports/tiny/loss.csv",
    "dvc.lock",
)


def digests(house):
    return {path: sha256_file(house.root / path) for path in RESULTS}


def wait_for(house, pattern, process):
    """Wait until a path that the running stage writes is there."""
    deadline = time.monotonic() + 60
    while not list(house.root.glob(pattern)):
        assert time.monotonic() < deadline and process.poll() is None, pattern
        time.sleep(0.002)


def kill(process, victim):
    """Kill dvc alone, or dvc and the stage that it runs."""
    if victim == "dvc":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def undisturbed(micro_house, tmp_path_factory):
    house = micro_house.copy(tmp_path_factory.mktemp("undisturbed") / "house")
    house.repro("pretrain@tiny")
    return digests(house)


@pytest.mark.parametrize(
    ("moment", "victim"),
    [
        ("fingerprint.json", "group"),
        ("step-00000005", "group"),
        ("step-00000010", "dvc"),
        ("step-00000020", "group"),
        ("step-00000030", "dvc"),
    ],
)
def test_a_killed_build_ends_in_the_same_bytes(micro_house, tmp_path, undisturbed, moment, victim):
    house = micro_house.copy(tmp_path / "house")
    process = house.start("pretrain@tiny")
    wait_for(house, f".state/tiny/*/{moment}", process)

    kill(process, victim)
    output = house.repro("pretrain@tiny")

    resumed = re.search(r"resuming at step (\d+) of 30", output)
    if moment.startswith("step-"):
        assert int(resumed[1]) >= int(moment.removeprefix("step-")), output
    assert digests(house) == undisturbed


def test_interrupt_saves_exits_with_an_error_and_goes_on(micro_house, tmp_path, undisturbed):
    house = micro_house.copy(tmp_path / "house")
    process = house.start("pretrain@tiny")
    wait_for(house, ".state/tiny/*/step-00000005", process)

    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=30)[0]

    assert process.returncode != 0
    assert "the same command goes on from there" in output
    assert "Traceback" not in output
    house.repro("pretrain@tiny")
    assert digests(house) == undisturbed
