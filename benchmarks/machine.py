"""Whether this machine is idle enough to measure on, and what is installed on it."""

import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version

from alm.config import available_cores

BUSY = 0.5  # load per core from others that makes a measurement worthless


def refuse_busy() -> None:
    """End the process where the machine is busy with something else."""
    load, cores = os.getloadavg()[0], available_cores()
    if load > BUSY * cores:
        sys.exit(
            f"expected a load below {BUSY * cores:.1f} on {cores} cores, found {load:.1f}: this "
            "machine is busy with something else, and a measurement now would be worthless"
        )


def describe(packages: Iterable[str]) -> str:
    """Return the Python, the cores, and the versions of packages, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {available_cores()} cores; {versions}"
