"""Batches: a function of the step, so a restart changes nothing and no row is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.data import Batches, Rows, TokenStream, feistel


class FakeRows:
    """Rows that hold their own number."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def rows(self, indices):
        return np.asarray(indices)[:, None]


def samples(batches, steps):
    return np.concatenate([batches.batch(step) for step in steps]).flatten()


SIZES = {
    "n": st.integers(1, 40),
    "batch_size": st.integers(1, 12),
    "seed": st.integers(0, 2**63 - 1),
}


@given(**SIZES)
def test_every_row_comes_once_per_epoch(n, batch_size, seed):
    n_epochs = 3
    n_steps = -(-n_epochs * n // batch_size)

    drawn = samples(Batches(FakeRows(n), batch_size, seed), range(n_steps))

    for epoch in range(n_epochs):
        assert sorted(drawn[epoch * n : epoch * n + n].tolist()) == list(range(n))


@settings(max_examples=60)
@given(**SIZES, data=st.data())
def test_a_restart_at_any_steps_changes_nothing(n, batch_size, seed, data):
    n_steps = data.draw(st.integers(1, 12))
    restarts = data.draw(st.sets(st.integers(0, n_steps)))
    whole = samples(Batches(FakeRows(n), batch_size, seed), range(n_steps))

    edges = sorted({0, *restarts, n_steps})
    pieces = [
        samples(Batches(FakeRows(n), batch_size, seed), range(start, stop))
        for start, stop in zip(edges, edges[1:], strict=False)
    ]

    assert np.concatenate(pieces).tolist() == whole.tolist()


@settings(max_examples=40)
@given(**SIZES, other=st.integers(1, 12))
def test_the_order_is_the_same_for_any_batch_size(n, batch_size, seed, other):
    one = samples(Batches(FakeRows(n), batch_size, seed), range(2 * other))
    two = samples(Batches(FakeRows(n), other, seed), range(2 * batch_size))

    assert one.tolist() == two.tolist()


def test_an_epoch_has_the_permutation_of_seed_plus_epoch():
    drawn = samples(Batches(FakeRows(7), 3, seed=11), range(7))

    expected = [feistel(np.arange(7), 7, 11 + epoch) for epoch in range(3)]
    assert drawn.tolist() == np.concatenate(expected).tolist()


def test_a_batch_is_of_rows_of_the_stream(write_packed, make_documents):
    packed = write_packed(make_documents(np.arange(65), 40, 25), 40)
    rows = Rows(TokenStream(packed, "train"), seq_len=8)
    batches = Batches(rows, batch_size=3, seed=5)

    batch = batches.batch(4)

    assert batch.dtype == np.int64
    assert batch.shape == (3, 9)
    assert batch.tolist() == rows.rows(batches.indices(4)).tolist()


def test_a_step_far_away_costs_no_more(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "alm.data.batches.feistel", lambda p, n, key: calls.append(len(p)) or feistel(p, n, key)
    )

    Batches(FakeRows(1000), 32, seed=0).batch(10**9)

    assert sum(calls) == 32


def test_steps_count_from_zero():
    with pytest.raises(IndexError, match="step -1"):
        Batches(FakeRows(5), 2, seed=0).batch(-1)
