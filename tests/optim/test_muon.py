"""Muon: orthogonal updates, equal to torch's on single matrices, for each matrix of a stack."""

import pytest
import torch

from alm.optim import Muon, orthogonalize

SETTINGS = {"momentum": 0.95, "ns_steps": 5, "weight_decay": 0.1}


def muon(params, lr=0.02):
    return Muon(params, lr, **SETTINGS, dtype=torch.float32)


def train(build, shapes, n_steps=3):
    """Run an optimizer on random gradients; return what became of the parameters."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    optimizer = build(params)
    for _ in range(n_steps):
        for param in params:
            param.grad = torch.randn(param.shape, generator=generator)
        optimizer.step()
    return params


@pytest.mark.parametrize("shape", [(6, 6), (4, 12), (12, 4)], ids=str)
def test_equals_the_one_in_torch_on_a_matrix(shape):
    reference = train(
        lambda params: torch.optim.Muon(
            params, lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        ),
        [shape],
    )

    ours = train(lambda params: Muon(params, 0.02, **SETTINGS, dtype=torch.bfloat16), [shape])

    torch.testing.assert_close(ours, reference, atol=1e-6, rtol=0)


def reference_step(param, gradients):
    """Muon as its author writes it down, for one matrix, in float64."""
    momentum = torch.zeros_like(param)
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        x = 0.05 * gradient + 0.95 * momentum
        x = x / x.norm()
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x - 4.7750 * gram @ x + 2.0315 * gram @ gram @ x
        param = param * (1 - 0.02 * 0.1) - 0.02 * 0.2 * max(param.shape) ** 0.5 * x
    return param


@pytest.mark.parametrize("shape", [(6, 6), (4, 12), (12, 4)], ids=str)
def test_equals_a_float64_reference(shape):
    generator = torch.Generator().manual_seed(5)
    start, *gradients = torch.randn(4, *shape, generator=generator)
    param = torch.nn.Parameter(start.clone())
    optimizer = muon([param])
    for gradient in gradients:
        param.grad = gradient.clone()
        optimizer.step()

    expected = reference_step(start.double(), [gradient.double() for gradient in gradients])

    torch.testing.assert_close(param.data.double(), expected, atol=1e-5, rtol=0)


def test_each_matrix_of_a_stack_moves_as_if_alone():
    generator = torch.Generator().manual_seed(1)
    stack = torch.randn(3, 4, 6, generator=generator)
    gradient = torch.randn(3, 4, 6, generator=generator)
    together = torch.nn.Parameter(stack.clone())
    alone = [torch.nn.Parameter(matrix.clone()) for matrix in stack]
    together.grad = gradient.clone()
    for param, matrix in zip(alone, gradient, strict=True):
        param.grad = matrix.clone()

    muon([together]).step()
    for param in alone:
        muon([param]).step()

    torch.testing.assert_close(together.data, torch.stack([param.data for param in alone]))


def test_parameters_of_one_shape_move_as_if_alone():
    gradients = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(4))
    together = [torch.nn.Parameter(torch.ones(4, 6)) for _ in gradients]
    alone = [torch.nn.Parameter(torch.ones(4, 6)) for _ in gradients]
    for params in (together, alone):
        for param, gradient in zip(params, gradients, strict=True):
            param.grad = gradient.clone()

    muon(together).step()
    for param in alone:
        muon([param]).step()

    torch.testing.assert_close(together, alone)


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


def test_zero_gradient_moves_nothing_but_decay():
    param = torch.nn.Parameter(torch.ones(3, 3))
    param.grad = torch.zeros(3, 3)

    muon([param], lr=0.5).step()

    torch.testing.assert_close(param.data, torch.full((3, 3), 1 - 0.5 * 0.1))


def test_parameter_without_gradient_stays():
    param = torch.nn.Parameter(torch.ones(3, 3))

    muon([param]).step()

    assert torch.equal(param.data, torch.ones(3, 3))
