"""How a peer is tuned: no better value lies beside the one that is taken."""

from dataclasses import dataclass

import pytest
from campaign import tune


@dataclass
class Found:
    value: float
    bits_per_byte: float


@pytest.mark.parametrize(
    ("best", "tried"),
    [
        (8, [4, 8, 16]),
        (32, [4, 8, 16, 32, 64]),
        (2, [4, 8, 16, 2, 1]),
        (1000, [4, 8, 16, 32, 64]),
    ],
)
def test_values_are_tried_until_both_neighbours_are_worse_or_two_more(best, tried, capsys):
    runs = tune((4, 8, 16), lambda value: Found(value, abs(value - best)))

    assert [run.value for run in runs] == tried
    assert ("best at the edge" in capsys.readouterr().out) == (best == 1000)
    assert all(type(run.value) is int for run in runs)


def test_batch_is_never_less_than_a_row():
    runs = tune((1, 2, 4), lambda value: Found(value, value))

    assert [run.value for run in runs] == [1, 2, 4]


def test_learning_rates_are_halved_as_they_are():
    runs = tune((0.1, 0.2), lambda value: Found(value, value))

    assert [run.value for run in runs] == [0.1, 0.2, 0.05, 0.025]
