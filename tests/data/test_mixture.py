"""Mixtures: shares that hold from the first sample on, and epochs of each source's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.data import Batch, MixtureOrder, MixtureRows
from alm.data.mixture import PERIOD, schedule_turns, weigh_shares
from alm.errors import ConfigError


def weights_of(*shares):
    return list(weigh_shares({str(i): share for i, share in enumerate(shares)}).values())


shares = st.lists(st.integers(1, 1000), min_size=1, max_size=7).map(
    lambda parts: [part / sum(parts) for part in parts]
)


@given(shares)
def test_weights_are_the_shares_to_the_nearest_sample(shares):
    weights = weights_of(*shares)

    assert sum(weights) == PERIOD
    assert all(abs(w - s * PERIOD) < 1.001 for w, s in zip(weights, shares, strict=True))


def test_decimals_that_nearly_add_up_are_taken():
    assert weights_of(0.333333, 0.333333, 0.333334) == [21845, 21845, 21846]


def test_a_share_too_small_for_one_sample_is_refused():
    with pytest.raises(ConfigError, match="a share of at least 1.52588e-05 for '1', found 1e-06"):
        weights_of(0.999999, 0.000001)


@settings(max_examples=30)
@given(shares)
def test_every_stretch_from_the_start_has_its_shares(shares):
    weights = weights_of(*shares)
    sources, _ = schedule_turns(weights)
    drawn = np.arange(1, PERIOD + 1)

    for source, weight in enumerate(weights):
        share = weight / PERIOD
        away = np.cumsum(sources == source) - drawn * share
        assert np.abs(away).max() <= (1 + share * len(weights)) / 2 + 1e-6


def test_two_equal_sources_take_turns():
    assert schedule_turns([3, 3])[0].tolist() == [0, 1] * 3
    assert schedule_turns([1, 3])[0].tolist() == [1, 0, 1, 1]


@settings(max_examples=30)
@given(
    shares=shares,
    sizes=st.lists(st.integers(1, 50), min_size=7, max_size=7),
    seed=st.integers(0, 2**63 - 1),
    start=st.integers(0, 3 * PERIOD),
)
def test_a_sample_is_the_next_row_of_its_source(shares, sizes, seed, start):
    """From any start, counting the samples of each source that came before it one by one."""
    weights = weights_of(*shares)
    sizes = sizes[: len(weights)]
    order = MixtureOrder(sizes, weights, seed)
    sources = np.tile(schedule_turns(weights)[0], 5)
    bounds = np.cumsum([0, *sizes])

    rows = order.rows_at(np.arange(start, start + 300))

    for source, size in enumerate(sizes):
        before = int((sources[:start] == source).sum())
        own = rows[sources[start : start + 300] == source] - bounds[source]
        assert before == order.counts(start)[source]
        for epoch in range(before // size, (before + len(own)) // size + 1):
            first, end = (max(epoch * size - before, 0), (epoch + 1) * size - before)
            assert len(set(own[first:end].tolist())) == len(own[first:end])
        assert ((own >= 0) & (own < size)).all()


def test_sources_of_one_size_have_orders_of_their_own():
    order = MixtureOrder([40, 40], weights_of(0.5, 0.5), seed=3)

    rows = order.rows_at(np.arange(80)).reshape(40, 2)

    assert rows[:, 0].tolist() != (rows[:, 1] - 40).tolist()


class FakeRows:
    """Rows of T = 2 that hold a name and their own number."""

    def __init__(self, name, n, fill_rate):
        self.name, self.n, self.fill_rate = name, n, fill_rate

    def __len__(self):
        return self.n

    def batch(self, indices):
        tokens = np.array([[self.name, i, i] for i in indices])
        return Batch(tokens, np.zeros((len(tokens), 2), np.int32), np.ones((len(tokens), 2), bool))


def test_rows_of_all_sources_are_numbered_one_behind_the_other():
    rows = MixtureRows([FakeRows(7, 3, 1.0), FakeRows(8, 1, 0.5), FakeRows(9, 4, 0.5)])

    batch = rows.batch([7, 0, 3, 4, 2])

    assert len(rows) == 8
    assert rows.fill_rate == (3 + 0.5 + 2) / 8
    assert batch.tokens_BT[:, :2].tolist() == [[9, 3], [7, 0], [8, 0], [9, 0], [7, 2]]


@pytest.mark.parametrize("i", [-1, 3])
def test_row_outside_is_refused(i):
    with pytest.raises(IndexError, match="of 3"):
        MixtureRows([FakeRows(7, 3, 1.0)]).batch([0, i])
