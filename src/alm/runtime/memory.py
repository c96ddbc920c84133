"""The most memory that a process has held, where its tensors are."""

import torch

from alm.config import resident_peak_bytes


def peak_bytes(device: str) -> int:
    """Return the peak so far, in bytes.

    On CUDA of tensors alone, without what torch keeps for later ones; on MPS what the driver has
    given out by now, which torch seldom returns; on a CPU the whole process' resident memory.
    """
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if device == "mps":
        return torch.mps.driver_allocated_memory()
    return resident_peak_bytes()
