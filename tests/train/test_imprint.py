"""The imprint of a model's weights."""

import torch
from torch import nn

from alm.train.imprint import imprint


def make():
    model = nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.arange(6.0).view(2, 3))
        model.bias.zero_()
    return model


def test_equal_weights_have_one_imprint():
    assert imprint(make()) == imprint(make())
    assert len(imprint(make())) == 12


def test_one_bit_changes_it():
    other = make()
    with torch.no_grad():
        other.bias[1] = torch.finfo(torch.float32).tiny

    assert imprint(other) != imprint(make())


def test_the_sign_of_a_zero_changes_it():
    other = make()
    with torch.no_grad():
        other.bias[0] = -0.0

    assert imprint(other) != imprint(make())


def test_a_matrix_in_another_order_of_memory_has_the_same():
    other = make()
    other.weight = nn.Parameter(make().weight.detach().T.contiguous().T)

    assert imprint(other) == imprint(make())
