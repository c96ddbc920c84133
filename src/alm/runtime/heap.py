"""Where the tensors of a CPU lie: memory that a step has freed is there for the next one.

The C library of most Linux systems gives large blocks back to the system as soon as they are
freed. A training step allocates the same tensors as the one before it, so each of their pages would
come anew, as zeros, one interruption for every 4 KiB: about a tenth of a step.
"""

import ctypes
import sys

# From glibc's <malloc.h>; mallopt(3) tells what they do.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4
NEVER = -1


def keep_freed_memory() -> bool:
    """Have the C library keep what this process frees, from now on; return whether it does.

    It can with glibc only. No result depends on it; the peak hardly does, as what is kept is used.
    """
    mallopt = _find_mallopt()
    if mallopt is None:
        return False
    # Blocks of tensors come from the heap, not from mappings of their own; and it never shrinks.
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, NEVER))


def _find_mallopt() -> "ctypes._NamedFuncPointer | None":
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
