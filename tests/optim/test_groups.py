"""group_parameters: maps go to Muon, tables and vectors to AdamW."""

import pytest
import torch

from alm.optim import group_parameters


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
