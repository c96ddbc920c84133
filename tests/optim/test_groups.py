"""Groups: maps go to Muon, tables and vectors to AdamW; equal shapes go together, in parts."""

import pytest
import torch

from alm.optim import group_parameters
from alm.optim.groups import by_shape, cut_into_parts


@pytest.mark.parametrize(
    ("name", "shape", "is_matrix"),
    [
        ("blocks.0.attention.q.weight", (8, 8), True),
        ("blocks.3.feed_forward.experts.w_up_EFD", (4, 8, 8), True),
        ("blocks.0.attention_norm.weight", (8,), False),
        ("embed.weight", (32, 8), False),
        ("head.weight", (32, 8), False),
        ("blocks.3.feed_forward.router.weight", (4, 8), False),
    ],
    ids=str,
)
def test_a_parameter_goes_where_its_kind_belongs(name, shape, is_matrix):
    groups = group_parameters([(name, torch.zeros(shape))])

    assert (list(groups.matrices) == [name]) is is_matrix
    assert (list(groups.rest) == [name]) is not is_matrix


def shaped(*shapes):
    return [torch.zeros(shape) for shape in shapes]


def test_matrices_of_one_shape_go_together_however_they_are_stacked():
    params = shaped((4, 8), (8, 4), (3, 4, 8), (4, 8))

    groups = by_shape(params)

    assert [[tuple(p.shape) for p in group] for group in groups] == [
        [(4, 8), (3, 4, 8), (4, 8)],
        [(8, 4)],
    ]


def test_parts_are_in_order_and_no_larger_than_they_may_be_but_for_one_parameter():
    parts = cut_into_parts(shaped(3, 3, 5, 9, 1, 8), max_numel=8)

    assert [[param.numel() for param in part] for part in parts] == [[3, 3], [5], [9], [1], [8]]


def test_nothing_has_no_parts():
    assert cut_into_parts([], 8) == []
