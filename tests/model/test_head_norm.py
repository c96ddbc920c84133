"""HeadNorm: the norm, then the rotation, with the gradients of both."""

import pytest
import torch
import torch.nn.functional as F

from alm.model.head_norm import HeadNorm
from alm.model.rotary import Rotary

H = 8


@pytest.fixture
def norm():
    norm = HeadNorm(H, 1e-6)
    norm.weight.data = torch.linspace(0.5, 1.5, H)
    return norm


@pytest.fixture
def rotation():
    return Rotary(H, 100.0, scaling=None)(3, 9, torch.device("cpu"))


def plain(x_BTNH, norm, rotation):
    """Do the same with operations that autograd knows."""
    y_BTNH = F.rms_norm(x_BTNH, (H,), norm.weight, norm.eps)
    first, second = y_BTNH.chunk(2, dim=-1)
    swapped_BTNH = torch.cat([second, first], dim=-1)
    return y_BTNH * rotation.cos_T1H + swapped_BTNH * rotation.sin_T1H


def test_values_and_gradients_equal_the_two_operations_in_a_row(norm, rotation):
    x_BTNH = torch.randn(2, 6, 3, H, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weights = torch.linspace(-1, 1, x_BTNH.numel()).view_as(x_BTNH)

    ours, theirs = norm(x_BTNH, rotation), plain(x_BTNH, norm, rotation)

    torch.testing.assert_close(ours, theirs)
    grads = [
        torch.autograd.grad((y * weights).sum(), (x_BTNH, norm.weight)) for y in (ours, theirs)
    ]
    torch.testing.assert_close(*grads)


def test_bfloat16_is_rounded_once_at_the_end(norm, rotation):
    x_BTNH = torch.randn(1, 6, 2, H).bfloat16()

    y_BTNH = norm(x_BTNH, rotation)

    assert torch.equal(y_BTNH, norm(x_BTNH.float(), rotation).bfloat16())


def test_input_is_left_as_it_was(norm, rotation):
    x_BTNH = torch.randn(1, 6, 2, H)
    before = x_BTNH.clone()

    norm(norm(x_BTNH, rotation), rotation)

    assert torch.equal(x_BTNH, before)
