"""How many floating-point operations a second a GPU's makers promise: what MFU is a share of."""

from collections.abc import Mapping
from types import MappingProxyType

import torch

from alm.runtime import Numerics

TERA = 1e12

BFLOAT16: Mapping[str, float] = MappingProxyType(
    {  # name by which torch knows it -> FLOP/s, dense, bfloat16 summed in float32
        "NVIDIA A100 80GB PCIe": 312 * TERA,
        "NVIDIA A100-PCIE-40GB": 312 * TERA,
        "NVIDIA A100-SXM4-40GB": 312 * TERA,
        "NVIDIA A100-SXM4-80GB": 312 * TERA,
        "NVIDIA B200": 2250 * TERA,
        "NVIDIA GeForce RTX 3090": 71 * TERA,
        "NVIDIA GeForce RTX 4090": 165.2 * TERA,
        "NVIDIA H100 80GB HBM3": 989.4 * TERA,
        "NVIDIA H100 NVL": 835 * TERA,
        "NVIDIA H100 PCIe": 756 * TERA,
        "NVIDIA H200": 989.4 * TERA,
        "NVIDIA L4": 121 * TERA,
        "NVIDIA L40S": 362 * TERA,
    }
)
"""From the makers' data sheets (A100, H100, H200, B200, L4, L40S) and architecture papers (Ampere
GA102, Ada); where a sheet gives the rate for sparse matrices only, half of it."""


def peak_flops(numerics: Numerics) -> float | None:
    """Return what this run's device does at most, in FLOP/s; None where we do not know.

    No share is better than a share of the wrong number: a part of a GPU (MIG), another model of
    the family, another precision, or a CPU have none.
    """
    if (numerics.device, numerics.precision) != ("cuda", "bfloat16"):
        return None
    return BFLOAT16.get(torch.cuda.get_device_name())
