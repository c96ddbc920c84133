"""Rows of several sources in given shares, in a schedule that is a formula of the position.

Within a source every row comes once per epoch of that source, however long the others are.
"""

from collections.abc import Sequence

import numpy as np

from alm.data.batch import Batch
from alm.data.epochs import Epochs
from alm.data.rows import RowSet
from alm.errors import ConfigError

PERIOD = 2**16  # samples after which the schedule begins again: shares are counted in its parts


def weigh_shares(shares: dict[str, float]) -> dict[str, int]:
    """Return how many of ``PERIOD`` samples each source gets: its share, by largest remainder.

    The shares add up to 1, as far as decimals do: the data section refuses others.

    Raises:
        ConfigError: a share is too small for a single sample.
    """
    total = sum(shares.values())
    exact = {name: share / total * PERIOD for name, share in shares.items()}
    weights = {name: int(amount) for name, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda name: weights[name] - exact[name])
    for name in by_remainder[: PERIOD - sum(weights.values())]:
        weights[name] += 1
    for name, weight in weights.items():
        if not weight:
            raise ConfigError(
                f"data.mixture: expected a share of at least {1 / PERIOD:g} for {name!r}, found "
                f"{shares[name]:g}; raise it, or leave the source out"
            )
    return weights


def schedule_turns(weights: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the source of each sample of a period, and how many of that source came before.

    Turn ``k`` of a source with weight ``w`` is due at ``(k + 1/2) / w`` of the period, and the
    samples follow each other as they are due, of equal ones the earlier source first. So after any
    number of samples a source of share s is away from its due by at most ``(1 + s S) / 2`` samples,
    where S is the number of sources.

    Both are of shape ``(sum(weights),)``: uint16, int64.

    Reference:
        Balinski and Young 1982, "Fair Representation": the method of Webster (Sainte-Lague), which
        hands out seats in this order.
    """
    sources = np.repeat(np.arange(len(weights), dtype=np.uint16), weights)
    turns = np.concatenate([np.arange(weight, dtype=np.int64) for weight in weights])
    due = ((2 * turns + 1) << 32) // (2 * np.repeat(np.asarray(weights, dtype=np.int64), weights))
    order = np.argsort(due, kind="stable")
    return sources[order], turns[order]


class MixtureRows:
    """The rows of several sources, those of the first before those of the second."""

    def __init__(self, parts: Sequence[RowSet]) -> None:
        self._parts = parts
        self.starts = np.cumsum([0, *map(len, parts)])  # (n_parts + 1,) int64

    def __len__(self) -> int:
        """Rows of all sources."""
        return int(self.starts[-1])

    @property
    def fill_rate(self) -> float:
        """Share of the rows' places that hold a token."""
        return sum(len(part) * part.fill_rate for part in self._parts) / len(self)

    def batch(self, indices: np.ndarray) -> Batch:
        """Return the rows with these numbers, in this order."""
        chosen = np.asarray(indices, dtype=np.int64)
        if chosen.size and not (chosen.min() >= 0 and chosen.max() < len(self)):
            raise IndexError(f"rows {chosen.min()} to {chosen.max()} of {len(self)}")
        places = np.searchsorted(self.starts, chosen, side="right") - 1
        within = chosen - self.starts[places]
        return Batch.join(
            [
                self._parts[part].batch([row])
                for part, row in zip(places.tolist(), within.tolist(), strict=True)
            ]
        )


class MixtureOrder:
    """Which row of :class:`MixtureRows` each sample is.

    Args:
        sizes: rows of each source.
        weights: samples of each source in ``PERIOD``, as :func:`weigh_shares` gives them.
        seed: which orders within the sources.
    """

    def __init__(self, sizes: Sequence[int], weights: Sequence[int], seed: int) -> None:
        self._epochs = [Epochs(size, seed, source) for source, size in enumerate(sizes)]
        self._starts = np.cumsum([0, *sizes])
        self._weights = np.array(weights, dtype=np.int64)
        self._sources, self._turns = schedule_turns(weights)

    def rows_at(self, positions: np.ndarray) -> np.ndarray:
        """Return the number of the row of each sample, in one dimension, as int64."""
        periods, places = np.divmod(np.asarray(positions, dtype=np.int64), len(self._sources))
        sources = self._sources[places]
        turns = periods * self._weights[sources] + self._turns[places]
        rows = np.empty(len(turns), dtype=np.int64)
        for source, epochs in enumerate(self._epochs):
            own = sources == source
            rows[own] = self._starts[source] + epochs.rows_at(turns[own])
        return rows

    def counts(self, n_samples: int) -> np.ndarray:
        """Return how many of the first samples each source has, (n_sources,) int64."""
        periods, rest = divmod(n_samples, len(self._sources))
        partly = np.bincount(self._sources[:rest], minlength=len(self._weights))
        return periods * self._weights + partly
