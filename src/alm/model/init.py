"""First values of the weights."""

import hashlib

import torch
from torch import Tensor

from alm.model.transformer import Transformer

STD = 0.02
ZERO = (".o.weight", ".down.weight", ".w_down_EDF")
"""Matrices that write into the residual stream: at zero, every block starts as the identity."""


@torch.no_grad()
def init_weights(model: Transformer, seed: int) -> None:
    """Fill every parameter: norms with 1, outputs of a block with 0, the rest from N(0, 0.02^2).

    Each value depends on the seed and the parameter's own name and shape, not on the order of
    parameters, on other parameters or on the device.

    Reference:
        Radford et al. 2018 (GPT), section 4.1: the deviation. Bachlechner et al. 2020
        (arXiv:2003.04887): blocks that start as the identity, there by a zero factor, here by
        zeros in the last matrix of each part.
    """
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.fill_(1)
        elif name.endswith(ZERO):
            parameter.zero_()
        else:
            parameter.copy_(draw_normal(name, parameter.shape, seed) * STD)


def draw_normal(name: str, shape: torch.Size, seed: int) -> Tensor:
    """Draw standard normal numbers from a generator of this name's own, on the CPU.

    In float64, so that the last bits of a logarithm or cosine, which differ between processors,
    are gone once the numbers are rounded to float32.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    generator = torch.Generator("cpu").manual_seed(int.from_bytes(digest[:4], "little"))
    return torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
