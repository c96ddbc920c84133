"""Rotary position embedding: the angle between two heads' vectors tells how far apart they are.

Dimensions: B batch, T tokens, N heads, H width of a head.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

FIRST_TABLE = 64  # positions; doubled as longer sequences come


class Rotation(NamedTuple):
    """Cosine and sine for each position and component, ready to multiply with."""

    cos_T1H: Tensor  # float32, both halves alike
    sin_T1H: Tensor  # float32, the first half negated

    @property
    def back(self) -> "Rotation":
        """The rotation by the same angles the other way: the gradient of this one."""
        return Rotation(self.cos_T1H, -self.sin_T1H)


class Rotary(nn.Module):
    """Tell by how much each position turns: component i by ``t * theta^(-2i/H)`` at position t.

    Component i of the first half of a vector is turned with component i of the second (as in
    GPT-NeoX and the networks that we export to), where the paper pairs neighbours; the two differ
    by a fixed order of the components.

    The table grows with the longest sequence seen. It is no buffer: a cast of the model to
    bfloat16 would ruin it.

    Reference:
        Su et al. 2021 (arXiv:2104.09864), section 3.2.2, equations 14 and 15, theta 10000 there.
    """

    def __init__(self, d_head: int, theta: float) -> None:
        super().__init__()
        self.d_head = d_head
        self.theta = theta
        self._table: Rotation | None = None

    def forward(self, start: int, stop: int, device: torch.device) -> Rotation:
        """Return the rotation of positions ``[start, stop)``."""
        table = self._table
        if table is None or len(table.cos_T1H) < stop or table.cos_T1H.device != device:
            self._table = table = self._build(max(FIRST_TABLE, 2 * stop), device)
        return Rotation(table.cos_T1H[start:stop], table.sin_T1H[start:stop])

    def _build(self, n_positions: int, device: torch.device) -> Rotation:
        """Compute in float64 on the CPU: once rounded, the table is the same on any machine."""
        rates = [self.theta ** (-2 * i / self.d_head) for i in range(self.d_head // 2)]
        positions = torch.arange(n_positions, dtype=torch.float64, device="cpu")
        angles_TH = torch.outer(positions, torch.tensor(rates, dtype=torch.float64, device="cpu"))
        cos_TH, sin_TH = angles_TH.cos(), angles_TH.sin()
        cos_T1H = torch.cat([cos_TH, cos_TH], dim=-1).unsqueeze(1)
        sin_T1H = torch.cat([-sin_TH, sin_TH], dim=-1).unsqueeze(1)
        return Rotation(cos_T1H.float().to(device), sin_T1H.float().to(device))


def turn(x_BTNH: Tensor, rotation: Rotation) -> Tensor:
    """Turn every head of ``x_BTNH`` to its position, in float32; lengths stay as they are."""
    swapped_BTNH = x_BTNH.unflatten(-1, (2, -1)).flip(-2).flatten(-2)
    return swapped_BTNH.mul_(rotation.sin_T1H).addcmul_(x_BTNH, rotation.cos_T1H)
