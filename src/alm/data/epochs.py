"""Every row once per epoch, in an order of the epoch's own."""

import numpy as np

from alm.data.order import feistel, mix_key


class Epochs:
    """Sample ``p`` is row ``p % n_rows`` of the shuffle of epoch ``p // n_rows``.

    Args:
        n_rows: rows of an epoch.
        seed: which orders; that of an epoch follows from all the numbers together.
    """

    def __init__(self, n_rows: int, *seed: int) -> None:
        self.n_rows = n_rows
        self._seed = seed

    def rows_at(self, positions: np.ndarray) -> np.ndarray:
        """Return the number of the row of each sample, in one dimension, as int64."""
        epochs, places = np.divmod(np.asarray(positions, dtype=np.int64), self.n_rows)
        rows = np.empty(len(places), dtype=np.int64)
        for epoch in np.unique(epochs).tolist():
            own = epochs == epoch
            rows[own] = feistel(places[own], self.n_rows, mix_key(*self._seed, epoch))
        return rows
