"""What this process has to compute with, and has taken: it changes no result."""

import os
import resource
import sys
from pathlib import Path

KIB = 1024
STATUS = Path("/proc/self/status")


def available_cores() -> int:
    """Return how many cores this process may use (all there are, where a system cannot tell)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resident_peak_bytes() -> int:
    """Return the most resident memory of this process so far.

    On Linux not ``ru_maxrss``: there it begins with the peak of the process that started this one.
    """
    if STATUS.exists():
        return _high_water(STATUS.read_text(encoding="ascii", errors="replace"))
    unit = 1 if sys.platform == "darwin" else KIB
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _high_water(status: str) -> int:
    """Read the peak from what Linux says of a process."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return KIB * int(line.split()[1])
