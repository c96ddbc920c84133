"""Whether this machine is idle enough to measure on, what is installed, how much memory we hold."""

import os
import platform
import resource
import sys
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from alm.config import available_cores

BUSY = 0.1  # share of our cores that others may use
LOOK_SECONDS = 2.0
STAT, STATUS = Path("/proc/stat"), Path("/proc/self/status")


def refuse_busy() -> None:
    """End the process where the machine is busy with something else."""
    cores = available_cores()
    busy = busy_cores()
    if busy > BUSY * cores:
        sys.exit(
            f"expected others to use at most {BUSY * cores:.1f} of {cores} cores, found {busy:.1f}:"
            " this machine is busy with something else, and a measurement now would be worthless"
        )


def busy_cores(seconds: float = LOOK_SECONDS) -> float:
    """Return how many cores worked in the next ``seconds``; the load of a minute without /proc."""
    if not STAT.exists():
        return os.getloadavg()[0]
    before, started = _worked_seconds(), time.perf_counter()
    time.sleep(seconds)
    return (_worked_seconds() - before) / (time.perf_counter() - started)


def _worked_seconds() -> float:
    """Return the seconds that all cores have worked: user, nice, system, irq, softirq, steal."""
    fields = [int(field) for field in STAT.read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]  # and waiting for disks
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


def describe(packages: Iterable[str]) -> str:
    """Return the Python, the cores, and the versions of packages, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {available_cores()} cores; {versions}"


def resident_bytes() -> int:
    """Return the memory of this process now; its peak where the system does not tell."""
    return _status("VmRSS") or peak_resident_bytes()


def peak_resident_bytes() -> int:
    """Return the most memory that this process has held.

    The kernel's own mark where there is one: what ``getrusage`` returns begins with the peak of the
    process that started this one.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(key: str) -> int:
    if not STATUS.exists():
        return 0
    lines = [line.split() for line in STATUS.read_text().splitlines()]
    return next((int(line[1]) * 1024 for line in lines if line[0] == f"{key}:"), 0)
