"""Which rows each training step sees: a function of the step, with nothing to save."""

import numpy as np

from alm.data.order import feistel
from alm.data.rows import Rows


class Batches:
    """Shuffled batches without state: a run is resumed by asking for the next step.

    Sample ``p = step * batch_size + j`` is row ``p % len(rows)`` of the shuffle of epoch
    ``p // len(rows)``. So every row comes once per epoch, in an order that neither the batch size
    nor a restart changes; a batch may hold the end of one epoch and the start of the next.

    Args:
        rows: what to draw from.
        batch_size: rows per optimizer step.
        seed: which order; epoch ``e`` has the permutation of ``seed + e``.
    """

    def __init__(self, rows: Rows, batch_size: int, seed: int) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed

    def batch(self, step: int) -> np.ndarray:
        """Return the rows of a step, from 0, as int64 of shape ``(batch_size, T + 1)``."""
        return self.rows.rows(self.indices(step))

    def indices(self, step: int) -> np.ndarray:
        """Return the numbers of the rows of a step."""
        if step < 0:
            raise IndexError(f"step {step}: steps are counted from 0")
        n = len(self.rows)
        first = step * self.batch_size
        positions = np.arange(first, first + self.batch_size)
        indices = np.empty(self.batch_size, dtype=np.int64)
        for epoch in range(first // n, (first + self.batch_size - 1) // n + 1):
            own = positions // n == epoch
            indices[own] = feistel(positions[own] % n, n, self.seed + epoch)
        return indices
