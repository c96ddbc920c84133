"""What a step came to, on the host.

Dimensions: M mixture layers, E experts.
"""

import math
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Figures:
    """The numbers of one step that decide what becomes of it, and that are told."""

    loss: float
    """Mean over the step's targets, in nats."""
    grad_norm: float
    """Of the whole gradient, before clipping."""
    loads_ME: Tensor
    """int64, on the CPU: assignments to each expert."""

    @classmethod
    def read(cls, loss: Tensor, grad_norm: Tensor, loads_ME: Tensor) -> Self:
        """Bring a step's results to the host: the one time in a step that it waits for the device.

        They travel as one tensor: the bits of the two float32 numbers, as integers beside the
        loads.
        """
        bits_2 = torch.stack([loss, grad_norm]).view(torch.int32).long()
        joined = torch.cat([bits_2, loads_ME.flatten()]).cpu()
        loss_and_norm = joined[:2].int().view(torch.float32).tolist()
        return cls(*loss_and_norm, joined[2:].view(loads_ME.shape))

    @property
    def busiest(self) -> float | None:
        """The busiest expert's assignments over the mean, in all layers; None without experts."""
        if self.loads_ME.numel() == 0:
            return None
        loads_ME = self.loads_ME.double()
        return (loads_ME.amax(dim=-1) / loads_ME.mean(dim=-1)).max().item()

    @property
    def entropy(self) -> float | None:
        """How evenly experts are used, 0 to 1: entropy of their loads over that of even ones.

        None without experts, or with one, of which nothing can be said.
        """
        if self.loads_ME.numel() == 0 or self.loads_ME.shape[-1] == 1:
            return None
        shares_ME = self.loads_ME.double()
        shares_ME = shares_ME / shares_ME.sum(dim=-1, keepdim=True)
        entropy_M = -torch.xlogy(shares_ME, shares_ME).sum(dim=-1)
        return (entropy_M.mean() / math.log(self.loads_ME.shape[-1])).item()
