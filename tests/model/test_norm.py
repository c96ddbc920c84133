"""RMSNorm: torch's own formula in values and gradients, in float32 whatever comes in."""

import pytest
import torch
import torch.nn.functional as F

from alm.model.norm import RMSNorm

EPS = 1e-6


@pytest.fixture
def norm():
    norm = RMSNorm(16, EPS)
    norm.weight.data = torch.linspace(0.5, 2, 16)
    return norm


def gradients(y, *inputs):
    weights = torch.linspace(-1, 1, y.numel()).view_as(y)
    return torch.autograd.grad((y * weights).sum(), inputs)


def test_values_and_gradients_equal_torchs_own(norm):
    x = torch.randn(3, 5, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()

    ours, theirs = norm(x), F.rms_norm(x, (16,), norm.weight, EPS)

    torch.testing.assert_close(ours, theirs)
    for one, other in zip(
        gradients(ours, x, norm.weight), gradients(theirs, x, norm.weight), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_gradient_is_the_slope():
    norm = RMSNorm(4, EPS).double()
    x = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)

    def in_float32(x, weight):
        return norm(x) * 1.0

    assert torch.autograd.gradcheck(in_float32, (x, norm.weight), eps=1e-2, atol=1e-2, rtol=1e-2)


def test_statistics_of_bfloat16_are_taken_in_float32(norm):
    x = (1e3 * torch.randn(4, 16, generator=torch.Generator().manual_seed(0))).bfloat16()

    y = norm(x)

    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y, norm(x.float()).bfloat16())


def test_result_has_the_dtype_that_autocast_asks_for(norm):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert norm(torch.ones(2, 16)).dtype == torch.bfloat16


def test_zero_stays_zero(norm):
    assert norm(torch.zeros(1, 16)).tolist() == [[0.0] * 16]
