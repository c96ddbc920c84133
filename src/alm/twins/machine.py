"""The machine that a speed is measured on: what it is, and whether it does something else."""

import os
import platform
import time
from pathlib import Path

from alm.config import available_cores
from alm.runtime import Numerics

BUSY = 0.1  # share of our cores at work for others from which a measurement is worthless
LOOK_SECONDS = 2.0
STAT, CPUINFO = Path("/proc/stat"), Path("/proc/cpuinfo")


def is_busy(seconds: float = LOOK_SECONDS) -> bool:
    """Whether others use this machine in the next ``seconds``, in which this process rests."""
    return _busy_cores(seconds) > BUSY * available_cores()


def _busy_cores(seconds: float) -> float:
    """Return how many cores work; where the system does not count, the load of the last minute."""
    if not STAT.exists():
        return os.getloadavg()[0]
    worked, started = _worked_seconds(), time.perf_counter()
    time.sleep(seconds)
    return (_worked_seconds() - worked) / (time.perf_counter() - started)


def _worked_seconds() -> float:
    """Return the seconds that all cores have worked since the start of the system."""
    user, nice, system, _idle, _disk, *interrupts = map(
        int, STAT.read_text(encoding="utf-8").partition("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def describe_machine(numerics: Numerics) -> str:
    """Return the processor that computes, its threads, the precision and torch's version."""
    if numerics.device == "cuda":
        import torch

        place = torch.cuda.get_device_name()
    else:
        place = f"{_cpu_name()}, {available_cores()} cores"
    threads = f", {numerics.threads} threads" if numerics.device == "cpu" else ""
    return f"{place}{threads}, {numerics.precision}, torch {numerics.torch}"


def _cpu_name() -> str:
    """Return what the CPU calls itself on Linux, and its architecture elsewhere."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
