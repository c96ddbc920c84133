"""Trade time for memory: keep what enters a part of the network, and compute the rest again."""

from collections.abc import Callable

from torch import Tensor
from torch.utils.checkpoint import checkpoint

Runner = Callable[..., Tensor]
"""Applies a function to tensors: :func:`keep` or :func:`recompute`."""


def recompute(part: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return ``part(*inputs)``, whose backward pass calls ``part`` once more.

    Only ``inputs``, and what ``part`` refers to, stay in memory. ``part`` draws no random numbers,
    changes nothing, and gives the same bits when called again. What must not be decided twice, as
    the experts of a token, is decided outside of it.

    Reference:
        Chen et al. 2016 (arXiv:1604.06174), section 4.
    """
    return checkpoint(part, *inputs, use_reentrant=False, preserve_rng_state=False)


def keep(part: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return ``part(*inputs)``; autograd keeps what it needs, as ever."""
    return part(*inputs)
