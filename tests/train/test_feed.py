"""Feed: the same micro-batches whether they were sent ahead or not, and none beyond the end."""

import math

import numpy as np
import pytest
import torch

from alm.data import Batch
from alm.errors import ShardError
from alm.train.feed import Feed


def batch_of(step):
    tokens_BT = np.arange(36).reshape(4, 9) + 100 * step
    mask_BT = np.zeros((4, 8), bool)
    mask_BT[0], mask_BT[1, :2] = True, True
    return Batch(tokens_BT, np.zeros((4, 8), np.int32), mask_BT)


class Reads:
    """Batches that remember which steps were asked for."""

    def __init__(self):
        self.steps = []

    def __call__(self, step):
        self.steps.append(step)
        return batch_of(step)


def test_rows_come_in_order_and_know_how_many_such_parts_make_up_the_step():
    parts = Feed(batch_of, 10, 4, "cpu").take(3)

    rows = torch.cat([part.examples.tokens_BT for part in parts])
    assert torch.equal(rows, torch.from_numpy(batch_of(3).tokens_BT))
    assert [part.parts for part in parts] == [10 / 8, 10 / 2, math.inf, math.inf]


def test_what_was_sent_ahead_is_not_read_again():
    reads = Reads()
    feed = Feed(reads, 10, 2, "cpu")

    feed.send(1)
    feed.send(1)
    sent = feed.take(1)

    assert reads.steps == [1]
    assert torch.equal(
        sent[1].examples.tokens_BT, Feed(batch_of, 10, 2, "cpu").take(1)[1].examples.tokens_BT
    )


def test_a_step_that_was_not_sent_is_read_when_it_is_wanted():
    """As after a resume, or where a step is asked for twice."""
    reads = Reads()
    feed = Feed(reads, 10, 2, "cpu")
    feed.send(1)

    feed.take(5)
    feed.take(1)
    feed.take(1)

    assert reads.steps == [1, 5, 1]


def test_nothing_is_read_beyond_the_last_step():
    reads = Reads()

    Feed(reads, 10, 2, "cpu").send(10)

    assert reads.steps == []


def test_a_damaged_shard_is_an_error_wherever_it_is_met():
    def damaged(step):
        raise ShardError("not what was packed")

    for read in (Feed(damaged, 10, 2, "cpu").send, Feed(damaged, 10, 2, "cpu").take):
        with pytest.raises(ShardError):
            read(0)
