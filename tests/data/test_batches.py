"""Batches: a function of the step, so neither restarts nor batches nor processes move a row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.data import Batch, Batches, Epochs, MixtureOrder, Rows, TokenStream
from alm.data.mixture import weigh_shares
from alm.errors import ConfigError


class FakeRows:
    """Rows that hold their own number."""

    def batch(self, indices):
        tokens = np.asarray(indices)[:, None]
        return Batch(tokens, tokens[:, 1:].astype(np.int32), tokens[:, 1:].astype(bool))


def make_order(n, seed, is_mixture):
    if not is_mixture:
        return Epochs(n, seed)
    weights = weigh_shares({"a": 0.5, "b": 0.3, "c": 0.2})
    return MixtureOrder([n, 2 * n, 3], list(weights.values()), seed)


def samples(order, batch_size, steps, world_size=1):
    """Return the rows of some steps as they come, from however many processes."""
    ranks = [Batches(FakeRows(), order, batch_size, rank, world_size) for rank in range(world_size)]
    drawn = [ranks[rank].batch(step).tokens_BT for step in steps for rank in range(world_size)]
    return np.concatenate(drawn).flatten()


@settings(max_examples=80)
@given(
    n=st.integers(1, 40),
    seed=st.integers(0, 2**63 - 1),
    is_mixture=st.booleans(),
    share=st.integers(1, 6),
    world_size=st.integers(1, 5),
    data=st.data(),
)
def test_any_batches_processes_and_restarts_draw_the_same_rows_in_the_same_order(
    n, seed, is_mixture, share, world_size, data
):
    order, batch_size = make_order(n, seed, is_mixture), share * world_size
    n_steps = data.draw(st.integers(1, 12))
    restarts = data.draw(st.sets(st.integers(0, n_steps)))
    edges = sorted({0, *restarts, n_steps})

    pieces = [
        samples(make_order(n, seed, is_mixture), batch_size, range(start, stop), world_size)
        for start, stop in zip(edges, edges[1:], strict=False)
    ]

    one_by_one = order.rows_at(np.arange(n_steps * batch_size))
    assert np.concatenate(pieces).tolist() == one_by_one.tolist()


@given(
    n=st.integers(1, 40),
    seed=st.integers(0, 2**63 - 1),
    share=st.integers(1, 6),
    world_size=st.integers(1, 5),
)
def test_an_epoch_yields_each_row_exactly_once(n, seed, share, world_size):
    n_epochs, batch_size = 3, share * world_size
    n_steps = -(-n_epochs * n // batch_size)

    drawn = samples(Epochs(n, seed), batch_size, range(n_steps), world_size)

    for epoch in range(n_epochs):
        assert sorted(drawn[epoch * n : epoch * n + n].tolist()) == list(range(n))


def test_a_batch_is_of_rows_of_the_stream(write_packed, make_documents):
    packed = write_packed(make_documents(np.arange(65), 40, 25), 40)
    rows = Rows(TokenStream(packed, "train"), seq_len=8)
    batches = Batches(rows, Epochs(len(rows), 5), batch_size=3)

    batch = batches.batch(4)

    assert batch.tokens_BT.dtype == np.int64
    assert batch.tokens_BT.shape == (3, 9)
    assert batch.tokens_BT.tolist() == rows.rows(batches.indices(4)).tolist()


def test_steps_count_from_zero():
    with pytest.raises(IndexError, match="step -1"):
        Batches(FakeRows(), Epochs(5, 0), 2).batch(-1)


@pytest.mark.parametrize(("rank", "world_size"), [(0, 3), (2, 2), (-1, 2), (0, 0)])
def test_processes_that_cannot_share_a_step_are_refused(rank, world_size):
    with pytest.raises(ConfigError, match=rf"4 rows for process {rank} of {world_size}"):
        Batches(FakeRows(), Epochs(5, 0), 4, rank, world_size)
