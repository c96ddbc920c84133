"""How the experts of all layers were used in one forward pass, and what uneven use costs.

Dimensions: M mixture layers, E experts.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from alm.model.router import Routing


class Usage(NamedTuple):
    """What the losses on routing, and whoever watches it, need to know of one forward pass.

    A network without mixtures has tensors of (0, 0), and a z-loss of 0.
    """

    loads_ME: Tensor  # int64, assignments of tokens to each expert; a layer's sum to K a token
    shares_ME: Tensor  # float32, with gradient: mean over tokens of each expert's share of a score
    z_loss: Tensor  # float32 scalar, with gradient: mean over layers


def collect_usage(routings: list[Routing], device: torch.device) -> Usage:
    """Stack what the routers of all mixture layers report, in the order of the layers."""
    if not routings:
        loads_ME = torch.zeros(0, 0, dtype=torch.int64, device=device)
        return Usage(loads_ME, loads_ME.float(), torch.zeros((), device=device))
    return Usage(
        loads_ME=torch.stack([routing.used_E for routing in routings]),
        shares_ME=torch.stack([routing.shares_E for routing in routings]),
        z_loss=torch.stack([routing.z_loss for routing in routings]).mean(),
    )


def balance_loss(loads_ME: Tensor, shares_ME: Tensor) -> Tensor:
    """Return ``E * sum_e f_e P_e``, the mean over layers: 1 when even, more the less they are.

    ``f_e`` is the share of a layer's assignments that went to expert e, from ``loads_ME`` (int64,
    no gradient), so that even use costs 1 whatever the number of experts per token. ``P_e`` is
    ``shares_ME`` (float32). The loads may be of more tokens than the shares, as with those of all
    micro-batches of a step so far. Scalar, float32, no unit; 0 without mixtures or tokens; scale it
    at the call site.

    Reference:
        Fedus et al. 2022 (arXiv:2101.03961), section 2.2, equations 4 to 6, there for one expert
        per token. Qiu et al. 2025 (arXiv:2501.11873): loads of more than a micro-batch.
    """
    if not shares_ME.numel():
        return shares_ME.sum()
    f_ME = loads_ME / loads_ME.sum(-1, keepdim=True).clamp(min=1)
    return shares_ME.shape[-1] * (f_ME * shares_ME).sum(-1).mean()
