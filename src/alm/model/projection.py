"""Matrices without a bias: to multiply with, and to look rows up in."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alm.model.precision import linear


class Projection(nn.Module):
    """Multiply by a matrix: ``x W^T``.

    Zero until ``init_weights`` or a checkpoint fills it, where ``nn.Linear`` would spend time on
    random numbers from torch's global generator, and its values would depend on the order of
    construction.

    Shape:
        (..., n_in) -> (..., n_out), in the dtype of the activations; ``weight`` is (n_out, n_in).
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_out, n_in))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the matrix to the last dimension."""
        return linear(x, self.weight)


class Embedding(nn.Module):
    """Look up one row of a matrix per token; zero until it is filled, like a projection.

    Shape:
        ids (...) -> (..., n_out); ``weight`` is (n_rows, n_out).
    """

    def __init__(self, n_rows: int, n_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_rows, n_out))

    def forward(self, ids: Tensor) -> Tensor:
        """Read the rows."""
        return F.embedding(ids, self.weight)
