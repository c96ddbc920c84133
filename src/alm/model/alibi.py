"""ALiBi: instead of turning queries and keys, lower the score of a key by its distance.

Dimensions: T queries, P keys, N query heads.
"""

import torch
from torch import Tensor


def slopes(n_heads: int) -> tuple[float, ...]:
    """Return by how much each head lowers a score per token of distance.

    For n heads, a power of two: ``2^(-8 i / n)`` for i from 1 to n, so that far keys count least in
    the first head. For other numbers, the slopes of the next lower power of two, then every second
    one of the next higher, beginning with its first.

    Reference:
        Press et al. 2022 (arXiv:2108.12409), section 3, and their published code for numbers that
        are no power of two.
    """
    lower = 1 << (n_heads.bit_length() - 1)
    between = _geometric(2 * lower)[::2]
    return (*_geometric(lower), *between[: n_heads - lower])


def penalty(distance_TP: Tensor, slopes_N: tuple[float, ...]) -> Tensor:
    """Return what to add to the scores, ``-slope * distance``: (N, T, P) float32, at most 0."""
    slope_N11 = torch.tensor(slopes_N, device=distance_TP.device).view(-1, 1, 1)
    return distance_TP.clamp(min=0) * -slope_N11


def _geometric(n: int) -> tuple[float, ...]:
    return tuple(2.0 ** (-8 * i / n) for i in range(1, n + 1))
