"""The machine that a speed is measured on: what it is, and what it computes with."""

import platform
from pathlib import Path

from alm.config import available_cores
from alm.runtime import Numerics

CPUINFO = Path("/proc/cpuinfo")


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
