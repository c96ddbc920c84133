"""Other x86-64 CPUs, as QEMU emulates them for a single program: what a portable result must bear.

QEMU's user mode translates every instruction of a program and tells it of a CPU of our choice. So
libraries that look for instruction sets, or for a vendor, take the paths they would take there.
"""

import platform
import shutil
import sys

from alm.config.checks import choose_from
from alm.errors import ConfigError, InputError

EMULATORS = ("qemu-x86_64-static", "qemu-x86_64")
# Features of a CPU that QEMU has no code for; it would say so at every start.
LACKING = {
    "Nehalem": (),  # Intel, 2008: SSE4.2
    "Haswell": ("pcid", "x2apic", "tsc-deadline", "hle", "invpcid", "rtm"),  # Intel, 2013: AVX2
    "EPYC": (  # AMD, 2017: AVX2
        *("rdseed", "sha-ni", "fxsr-opt", "misalignsse", "3dnowprefetch", "osvw"),
        *("topoext", "nrip-save", "xsavec"),
    ),
}


def find_emulator(cpu: str) -> tuple[str, ...]:
    """Return the words that start a program on another CPU.

    Args:
        cpu: as QEMU calls it.

    Raises:
        ConfigError: it is none of those that are known here.
        InputError: this is no Linux on x86-64, or has no QEMU.
    """
    if cpu not in LACKING:
        raise ConfigError(f"no CPU {cpu!r} to emulate; {choose_from(LACKING)}")
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise InputError(
            f"expected Linux on x86-64 to emulate {cpu}, found {platform.platform()}; the same "
            "bytes are promised there alone"
        )
    found = next(filter(None, map(shutil.which, EMULATORS)), None)
    if found is None:
        raise InputError(
            f"expected {EMULATORS[0]} to emulate {cpu}, found none; install it: "
            "apt-get install qemu-user-static"
        )
    return found, "-cpu", ",".join([cpu, *(f"{feature}=off" for feature in LACKING[cpu])])
