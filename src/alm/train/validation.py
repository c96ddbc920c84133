"""The loss on held-out rows, always the same ones."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from alm.data import RowSet
from alm.errors import TrainingError
from alm.model import Transformer
from alm.runtime import Numerics
from alm.train.objectives import Examples, Objective


@dataclass(frozen=True)
class ValidationResult:
    """What the held-out rows say."""

    loss: float
    """Mean negative log-likelihood per target that counts, in nats."""
    expert_load: list[list[float]]
    """Share of tokens per expert, for each mixture layer."""


class Validation:
    """Rows of the held-out stream, evenly spaced, so that every source has its share.

    Args:
        rows: rows of the ``val`` split.
        n_rows: how many are read; fewer where the split is smaller.
        batch_size: rows per forward pass.
    """

    def __init__(self, rows: RowSet, n_rows: int, batch_size: int) -> None:
        self._rows = rows
        n_read = min(n_rows, len(rows))
        self._indices = np.arange(n_read) * len(rows) // n_read
        self._batch_size = batch_size

    @torch.no_grad()
    def run(self, model: Transformer, objective: Objective, numerics: Numerics) -> ValidationResult:
        """Score the rows; the model is left in training mode.

        Raises:
            TrainingError: no target counts.
        """
        model.eval()
        nats, weights, loads = 0.0, 0.0, None
        for start in range(0, len(self._indices), self._batch_size):
            chosen = self._indices[start : start + self._batch_size]
            batch = self._rows.batch(chosen)
            with numerics.autocast():
                loss = objective(model, Examples.of(batch, numerics.device))
            weight = batch.n_targets / batch.seq_len  # rows, where all targets count
            nats, weights = nats + loss.value.item() * weight, weights + weight
            used = loss.usage.loads_ME
            loads = used if loads is None else loads + used
        model.train()
        if not weights:
            raise TrainingError(
                "expected held-out targets that count, found none; a loss mask leaves all out, so "
                "pack a corpus where some count"
            )
        return ValidationResult(nats / weights, _shares(loads))


def _shares(loads_ME: Tensor) -> list[list[float]]:
    loads_ME = loads_ME.cpu().double()  # in this order: MPS has no float64
    shares_ME = loads_ME / loads_ME.sum(dim=-1, keepdim=True).clamp(min=1)
    return shares_ME.tolist()
