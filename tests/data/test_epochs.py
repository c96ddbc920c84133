"""Epochs: a permutation each, and no two of them related."""

import numpy as np

from alm.data import Epochs, feistel
from alm.data.order import mix_key


def order_of(n, seed, epoch):
    return Epochs(n, seed).rows_at(np.arange(epoch * n, epoch * n + n)).tolist()


def test_an_epoch_is_the_permutation_that_seed_and_epoch_are_mixed_to():
    drawn = Epochs(7, 11).rows_at(np.arange(21))

    expected = [feistel(np.arange(7), 7, mix_key(11, epoch)) for epoch in range(3)]
    assert drawn.tolist() == np.concatenate(expected).tolist()


def test_no_epoch_of_one_seed_is_an_epoch_of_another():
    orders = {tuple(order_of(12, seed, epoch)) for seed in range(30) for epoch in range(30)}

    assert len(orders) == 900


def test_positions_may_come_in_any_order():
    positions = np.array([40, 3, 17, 3, 1000])

    together = Epochs(9, 1).rows_at(positions)

    assert together.tolist() == [Epochs(9, 1).rows_at([p])[0] for p in positions]
    assert together.dtype == np.int64


def test_a_step_far_away_costs_no_more(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "alm.data.epochs.feistel", lambda p, n, key: calls.append(len(p)) or feistel(p, n, key)
    )

    Epochs(1000, 0).rows_at(np.arange(32) + 10**14)

    assert sum(calls) == 32


def test_the_order_is_the_one_that_saved_runs_have():
    """Golden numbers: a change here reorders the data of every run that is resumed."""
    assert Epochs(8, 1337).rows_at(np.arange(16)).tolist() == [
        *(4, 0, 6, 3, 5, 1, 2, 7),
        *(6, 4, 1, 5, 2, 3, 0, 7),
    ]
