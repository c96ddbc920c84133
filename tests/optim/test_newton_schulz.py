"""orthogonalize: singular values near one, singular vectors kept, each matrix by itself."""

import numpy as np
import pytest
import torch

from alm.optim import orthogonalize


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 5, 20), (1, 20, 5), (3, 7, 9)], ids=str)
def test_singular_values_come_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))

    values = torch.linalg.svdvals(orthogonalize(matrix, 5))

    assert values.min() > 0.4
    assert values.max() < 1.3


def test_update_keeps_the_singular_vectors():
    u, _, v = torch.linalg.svd(torch.randn(5, 5, generator=torch.Generator().manual_seed(3)))
    matrix = u @ torch.diag(torch.tensor([3.0, 2.0, 1.0, 0.7, 0.5])) @ v

    product = u.mT @ orthogonalize(matrix[None], 5)[0] @ v.mT

    off_diagonal = product - torch.diag(product.diagonal())
    assert off_diagonal.abs().max() < 1e-4


def quintic(matrix, n_steps):
    """The iteration as its author writes it down, applied to singular values, in float64."""
    u, values, v = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    values = values / np.sqrt((values**2).sum())
    for _ in range(n_steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return torch.from_numpy((u * values) @ v)


@pytest.mark.parametrize("shape", [(64, 64), (32, 96), (96, 32)], ids=str)
@pytest.mark.parametrize("n_steps", [1, 5])
def test_equals_the_quintic_of_the_singular_values(shape, n_steps):
    stack = torch.randn(3, *shape, generator=torch.Generator().manual_seed(4))

    found = orthogonalize(stack, n_steps)

    expected = torch.stack([quintic(matrix, n_steps) for matrix in stack])
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)


def test_bfloat16_stays_within_its_rounding():
    stack = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(5))

    error = orthogonalize(stack.bfloat16(), 5).float() - orthogonalize(stack, 5)

    assert error.norm() < 0.03 * 128**0.5  # as a share of two matrices of norm about 8


def test_nothing_stays_nothing():
    assert torch.equal(orthogonalize(torch.zeros(1, 3, 3), 5), torch.zeros(1, 3, 3))
