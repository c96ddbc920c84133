"""Board: scalars that TensorBoard reads back."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alm.runtime.board import Board


def read(directory):
    events = EventAccumulator(str(directory))
    events.Reload()
    return {
        tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def test_points_are_read_back(tmp_path):
    board = Board(tmp_path)
    board.open(0)
    board.add(1, {"loss": 2.0, "lr": 0.5})
    board.close()

    assert read(tmp_path) == {"loss": [(1, 2.0)], "lr": [(1, 0.5)]}


def test_a_resumed_run_keeps_the_points_up_to_its_step_and_hides_those_after(tmp_path):
    """A point at the very step of the state was made before it was saved, and is not made again."""
    first = Board(tmp_path)
    first.open(0)
    for step in (1, 2, 3):
        first.add(step, {"loss": 1.0})
    first.close()

    second = Board(tmp_path)
    second.open(2)
    second.add(3, {"loss": 2.0})
    second.close()

    assert read(tmp_path) == {"loss": [(1, 1.0), (2, 1.0), (3, 2.0)]}


def test_adding_before_opening_is_a_mistake_of_ours(tmp_path):
    with pytest.raises(RuntimeError, match="must be opened"):
        Board(tmp_path).add(1, {"loss": 2.0})


def test_flushed_points_are_there_although_nobody_closed_it(tmp_path):
    board = Board(tmp_path)
    board.flush()  # before it is opened there is nothing to do
    board.open(0)
    board.add(1, {"loss": 2.0})

    board.flush()

    assert read(tmp_path) == {"loss": [(1, 2.0)]}
