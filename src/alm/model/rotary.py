"""Rotary position embedding: the angle between two heads' vectors tells how far apart they are.

Dimensions: B batch, T tokens, N heads, H width of a head.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from alm.config import RopeScaling
from alm.model.yarn import stretch

FIRST_TABLE = 64  # positions; doubled as longer sequences come


class Rotation(NamedTuple):
    """Cosine and sine for each position and component, ready to multiply with."""

    cos_T1H: Tensor  # float32, both halves alike
    sin_T1H: Tensor  # float32, the first half negated

    @classmethod
    def none(cls, n_positions: int, d_head: int, device: torch.device) -> Self:
        """Return the rotation that leaves every vector as it is."""
        one_T1H = torch.ones(n_positions, 1, d_head, device=device)
        return cls(one_T1H, torch.zeros_like(one_T1H))


class Rotary:
    """Tell by how much each position turns: component i by ``t * theta^(-2i/H)`` at position t.

    With ``scaling`` the slower components turn slower still (:mod:`alm.model.yarn`).

    Component i of the first half of a vector is turned with component i of the second (as in
    GPT-NeoX and the networks that we export to), where the paper pairs neighbours; the two differ
    by a fixed order of the components.

    The table grows with the longest sequence seen. It is no buffer of a module: a cast of the
    model to bfloat16 would ruin it.

    Reference:
        Su et al. 2021 (arXiv:2104.09864), section 3.2.2, equations 14 and 15, theta 10000 there.
    """

    def __init__(self, d_head: int, theta: float, scaling: RopeScaling | None = None) -> None:
        rates = [theta ** (-2 * i / d_head) for i in range(d_head // 2)]
        self.rates = rates if scaling is None else stretch(rates, theta, scaling)
        self._table: Rotation | None = None

    def __call__(self, start: int, stop: int, device: torch.device) -> Rotation:
        """Return the rotation of positions ``[start, stop)``."""
        table = self._table
        if table is None or len(table.cos_T1H) < stop or table.cos_T1H.device != device:
            self._table = table = self._build(max(FIRST_TABLE, 2 * stop), device)
        return Rotation(table.cos_T1H[start:stop], table.sin_T1H[start:stop])

    def _build(self, n_positions: int, device: torch.device) -> Rotation:
        """Compute in float64 on the CPU: once rounded, the table is the same on any machine."""
        positions = torch.arange(n_positions, dtype=torch.float64, device="cpu")
        angles_TH = torch.outer(
            positions, torch.tensor(self.rates, dtype=torch.float64, device="cpu")
        )
        cos_TH, sin_TH = angles_TH.cos(), angles_TH.sin()
        cos_T1H = torch.cat([cos_TH, cos_TH], dim=-1).unsqueeze(1)
        sin_T1H = torch.cat([-sin_TH, sin_TH], dim=-1).unsqueeze(1)
        return Rotation(cos_T1H.float().to(device), sin_T1H.float().to(device))
