"""The same bytes on other x86-64 CPUs: every stage of a build, emulated, against this machine's.

QEMU's user mode (Debian's ``qemu-user-static``) stands for the CPUs: one of Intel, one of AMD.
Where it is not installed on Linux x86-64, these tests fail and say how to get it.
"""

import platform
import sys

import pytest

from alm.project.lockfile import read_lock

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

PINS = '"ATEN_CPU_CAPABILITY": "default",\n    "MKL_CBWR": "COMPATIBLE",\n    '


@pytest.fixture(autouse=True)
def promised():
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.xfail("no model's bytes are promised on this machine, so there is nothing to prove")


@pytest.mark.parametrize("cpu", ["Haswell", "EPYC"])
def test_a_build_on_another_cpu_gives_the_same_bytes(committed_house, cpu):
    n_stages = len(read_lock(committed_house.root))

    said = committed_house.run("make", "verify", "PRESET=tiny", f"CPU={cpu}")

    assert f"results of {n_stages} stages are the same bytes" in said


def test_without_the_pins_another_cpu_gives_another_model(committed_house, tmp_path):
    """So the emulated CPU does reach the arithmetic, and the pins are what keeps it the same."""
    house = committed_house.copy(tmp_path / "house")
    house.replace("src/alm/runtime/numerics.py", PINS, "")
    house.repro("report@tiny")
    house.commit()

    with house.start("make", "verify", "PRESET=tiny", "CPU=Haswell", TMPDIR=str(tmp_path)) as made:
        output = made.communicate()[0]

    assert "the first stage with another result is pretrain@tiny" in output
    assert made.returncode == 2
