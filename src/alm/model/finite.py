"""Scores that are numbers: a network that diverged is told, and nothing is made of it."""

import torch
from torch import Tensor

from alm.errors import IntegrityError


def require_finite(scores: Tensor) -> Tensor:
    """Return what a network computed, once it is seen that all of it is finite.

    Raises:
        IntegrityError: it is not.
    """
    if not torch.isfinite(scores).all():
        raise IntegrityError(
            "expected finite scores from the model, found NaN or infinity: it diverged; train it "
            "again with a smaller train.lr"
        )
    return scores
