"""Whether this machine is idle enough to measure on, what is installed, how much memory we hold."""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from alm.config import available_cores
from alm.runtime.idleness import allowed_cores, busy_cores
from alm.runtime.memory import peak_bytes

STATUS = Path("/proc/self/status")


def refuse_busy() -> None:
    """End the process where the machine is busy with something else."""
    allowed, busy = allowed_cores(), busy_cores()
    if busy > allowed:
        sys.exit(
            f"expected others to use at most {allowed:.1f} of {available_cores()} cores, found "
            f"{busy:.1f}: this machine is busy with something else, and a measurement now would be "
            "worthless"
        )


def describe(packages: Iterable[str]) -> str:
    """Return the Python, the cores, and the versions of packages, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {available_cores()} cores; {versions}"


def resident_bytes() -> int:
    """Return the memory of this process now; its peak where the system does not tell."""
    lines = STATUS.read_text(encoding="ascii", errors="replace") if STATUS.exists() else ""
    now = [line.split()[1] for line in lines.splitlines() if line.startswith("VmRSS:")]
    return int(now[0]) * 1024 if now else peak_bytes("cpu")
