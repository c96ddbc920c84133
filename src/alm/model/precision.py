"""Which number format the activations have: what autocast asks for, or what they have already."""

import torch
from torch import Tensor


def activation_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype that a matrix product of ``x`` would have under the autocast in force.

    Our own operations are unknown to autocast, so they ask here and cast for themselves.
    """
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
