"""The most memory that a process has held, where its tensors are."""

import resource
from pathlib import Path

import torch

KIB = 1024
STATUS = Path("/proc/self/status")


def peak_bytes(device: str) -> int:
    """Return the peak so far, in bytes.

    On CUDA of tensors alone, without what torch keeps for later ones; on MPS what the driver has
    given out by now, which torch seldom returns; on a CPU the whole process' resident memory.
    """
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if device == "mps":
        return torch.mps.driver_allocated_memory()
    if STATUS.exists():
        return _high_water(STATUS.read_text(encoding="ascii", errors="replace"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts it in bytes


def _high_water(status: str) -> int:
    """Read the peak from what Linux says of a process.

    ``ru_maxrss`` would not do: there it begins with the peak of the process that started this one.
    """
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return KIB * int(line.split()[1])
