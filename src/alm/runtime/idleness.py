"""Whether others use this machine: then what is measured on it is worth nothing."""

import os
import time
from pathlib import Path

from alm.config import available_cores

BUSY = 0.1  # share of our cores that others may use
LOOK_SECONDS = 2.0
STAT = Path("/proc/stat")


def is_busy() -> bool:
    """Whether others use this machine in the next moments, in which this process rests."""
    return busy_cores() > allowed_cores()


def allowed_cores() -> float:
    """Return how many cores others may use while we measure."""
    return BUSY * available_cores()


def busy_cores() -> float:
    """Return how many cores work; where the system does not count, the load of the last minute."""
    if not STAT.exists():
        return os.getloadavg()[0]
    worked, started = _worked_seconds(), time.perf_counter()
    time.sleep(LOOK_SECONDS)
    return (_worked_seconds() - worked) / (time.perf_counter() - started)


def _worked_seconds() -> float:
    """Return the seconds that all cores have worked since the start of the system."""
    user, nice, system, _idle, _disk, *interrupts = map(
        int, STAT.read_text(encoding="utf-8").partition("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
