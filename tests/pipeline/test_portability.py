"""The same bytes on other x86-64 CPUs: every stage of a build, emulated, against this machine's.

QEMU's user mode (Debian's ``qemu-user-static``) stands for the CPUs: one of Intel without AVX, one
of AMD with AVX2. Where it is not installed on Linux x86-64, these tests fail and say how to get it.
"""

import platform
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

SAME = "tiny: all 15 results of 11 stages are the same bytes"


@pytest.mark.parametrize("cpu", ["Nehalem", "EPYC"])
def test_a_build_on_another_cpu_gives_the_same_bytes(committed_house, cpu):
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.xfail("no model's bytes are promised on this machine, so there is nothing to prove")

    assert SAME in committed_house.run("make", "verify", "PRESET=tiny", f"CPU={cpu}")
