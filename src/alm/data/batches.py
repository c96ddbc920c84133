"""Which rows each training step sees: a function of the step, with nothing to save."""

from typing import Protocol

import numpy as np

from alm.data.batch import Batch
from alm.data.rows import RowSet
from alm.errors import ConfigError


class Order(Protocol):
    """Which row each sample is, by the sample's place in the run."""

    def rows_at(self, positions: np.ndarray) -> np.ndarray:
        """Return the number of the row of each sample, in one dimension, as int64."""


class Batches:
    """Batches without state: a run is resumed by asking for the next step.

    Sample ``j`` of a step is sample ``p = step * batch_size + j`` of the run, and which row that is
    the order alone says. So neither the batch size, nor a restart, nor the number of processes that
    share a step changes the order of the rows. A batch may hold the end of one epoch and the start
    of the next.

    Args:
        rows: what to draw from.
        order: which row each sample is.
        batch_size: rows per optimizer step, of all processes together.
        rank: this process, from 0: it gets the step's rows from ``rank * batch_size / world_size``
            on.
        world_size: processes that share each step.

    Raises:
        ConfigError: the processes cannot share a step evenly.
    """

    def __init__(  # noqa: PLR0913
        self, rows: RowSet, order: Order, batch_size: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if not 0 <= rank < world_size or batch_size % world_size:
            raise ConfigError(
                f"expected train.batch_size to be a multiple of the processes, found {batch_size} "
                f"rows for process {rank} of {world_size}; change one of the two"
            )
        self.rows = rows
        self.order = order
        self.batch_size = batch_size
        size = batch_size // world_size
        self._share = np.arange(rank * size, (rank + 1) * size)

    def batch(self, step: int) -> Batch:
        """Return this process' rows of a step, from 0."""
        return self.rows.batch(self.indices(step))

    def indices(self, step: int) -> np.ndarray:
        """Return the numbers of these rows."""
        if step < 0:
            raise IndexError(f"step {step}: steps are counted from 0")
        return self.order.rows_at(step * self.batch_size + self._share)
