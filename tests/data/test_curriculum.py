"""Curriculum: shorter rows up to a share of the steps, with the same tokens."""

from types import SimpleNamespace

import numpy as np
import pytest

from alm.data import Batch, Curriculum

PHASES = [
    SimpleNamespace(until=0.2, seq_len=2),
    SimpleNamespace(until=0.29, seq_len=4),
]


@pytest.mark.parametrize(
    ("step", "seq_len"), [(0, 2), (19, 2), (20, 4), (28, 4), (29, 8), (99, 8), (500, 8)]
)
def test_each_phase_ends_at_its_share_of_the_steps(step, seq_len):
    assert Curriculum(PHASES, 8, steps=100).seq_len(step) == seq_len


def test_without_phases_rows_stay_as_they_are():
    batch = Batch(np.zeros((2, 9), int), np.zeros((2, 8), np.int32), np.ones((2, 8), bool))

    assert Curriculum([], 8, steps=100).cut(batch, 0) is batch


def test_a_step_keeps_its_tokens_and_has_more_rows():
    tokens = np.arange(18).reshape(2, 9)
    batch = Batch(tokens, np.zeros((2, 8), np.int32), np.ones((2, 8), bool))

    short = Curriculum(PHASES, 8, steps=100).cut(batch, 25)

    assert short.tokens_BT.tolist() == [
        [0, 1, 2, 3, 4],
        [4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13],
        [13, 14, 15, 16, 17],
    ]
    assert short.n_targets == batch.n_targets


def test_a_short_run_has_every_phase_to_the_nearest_step():
    curriculum = Curriculum(PHASES, 8, steps=10)

    assert [curriculum.seq_len(step) for step in range(4)] == [2, 2, 4, 8]
