"""The loss on held-out rows, always the same ones."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from alm.data import Rows
from alm.model import Transformer
from alm.runtime import Numerics
from alm.train.objectives import Objective


@dataclass(frozen=True)
class ValidationResult:
    """What the held-out rows say."""

    loss: float
    """Mean negative log-likelihood per token, in nats."""
    expert_load: list[list[float]]
    """Share of tokens per expert, for each mixture layer."""


class Validation:
    """Rows of the held-out stream, evenly spaced, so that every source has its share.

    Args:
        rows: rows of the ``val`` split.
        n_rows: how many are read; fewer where the split is smaller.
        batch_size: rows per forward pass.
    """

    def __init__(self, rows: Rows, n_rows: int, batch_size: int) -> None:
        self._rows = rows
        n_read = min(n_rows, len(rows))
        self._indices = np.arange(n_read) * len(rows) // n_read
        self._batch_size = batch_size

    @torch.no_grad()
    def run(self, model: Transformer, objective: Objective, numerics: Numerics) -> ValidationResult:
        """Score the rows; the model is left in training mode."""
        model.eval()
        nats, loads = 0.0, None
        for start in range(0, len(self._indices), self._batch_size):
            chosen = self._indices[start : start + self._batch_size]
            rows_BT = torch.from_numpy(self._rows.rows(chosen)).to(numerics.device)
            with numerics.autocast():
                loss = objective(model, rows_BT)
            nats += loss.value.item() * len(chosen)
            loads = loss.loads_ME if loads is None else loads + loss.loads_ME
        model.train()
        return ValidationResult(nats / len(self._indices), _shares(loads))


def _shares(loads_ME: Tensor) -> list[list[float]]:
    shares_ME = loads_ME.double() / loads_ME.sum(dim=-1, keepdim=True).clamp(min=1)
    return shares_ME.tolist()
