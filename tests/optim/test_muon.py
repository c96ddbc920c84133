"""Muon: equal to torch's and to a slow one in float64, for each matrix of a stack by itself."""

import numpy as np
import pytest
import torch

from alm.optim import Muon
from alm.optim import muon as module

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


def same_in_torch(params):
    """Muon of torch, whose iterations are always in bfloat16, as ours then have to be."""
    return torch.optim.Muon(
        params, lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )


@pytest.mark.parametrize("shape", [(6, 6), (4, 12), (12, 4)], ids=str)
def test_equals_the_one_in_torch_on_a_matrix(shape):
    ours = train(lambda params: Muon(params, 0.02, **SETTINGS, dtype=torch.bfloat16), [shape])

    torch.testing.assert_close(ours, train(same_in_torch, [shape]), atol=1e-6, rtol=0)


def test_equals_the_one_in_torch_within_bfloat16_on_matrices_worked_on_together():
    """Batched products may add up in another order: 2 % of a number that moves by 0.004 a step."""
    shapes = [(64, 64)] * 5

    ours = train(lambda params: Muon(params, 0.02, **SETTINGS, dtype=torch.bfloat16), shapes)

    torch.testing.assert_close(ours, train(same_in_torch, shapes), atol=3e-4, rtol=0)


def reference(start, gradients):
    """Muon as its author writes it down, with Moonlight's scale, matrix by matrix, in float64."""
    if start.ndim > 2:
        return np.stack(
            [reference(*pair) for pair in zip(start, gradients.swapaxes(0, 1), strict=True)]
        )
    weight, momentum = start.astype(np.float64), np.zeros(start.shape)
    for gradient in gradients.astype(np.float64):
        momentum = 0.95 * momentum + 0.05 * gradient
        x = 0.05 * gradient + 0.95 * momentum
        x = x / np.sqrt((x * x).sum())
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x - 4.7750 * gram @ x + 2.0315 * gram @ gram @ x
        weight = weight * (1 - 0.02 * 0.1) - 0.02 * 0.2 * max(start.shape) ** 0.5 * x
    return weight


SHAPES = [(6, 6), (4, 12), (12, 4), (96, 64), (3, 8, 8), (5, 24, 16), (2, 3, 5, 7)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_a_float64_reference(shape):
    start, *gradients = torch.randn(6, *shape, generator=torch.Generator().manual_seed(5))
    param = torch.nn.Parameter(start.clone())
    optimizer = muon([param])
    for gradient in gradients:
        param.grad = gradient.clone()
        optimizer.step()

    expected = reference(start.numpy(), torch.stack(gradients).numpy())

    torch.testing.assert_close(param.data.double().numpy(), expected, atol=1e-5, rtol=0)


@pytest.fixture(params=[1, 64 * 24, 3 * 64 * 24, 1 << 18], ids=lambda numel: f"batches_of_{numel}")
def any_batch_size(request, monkeypatch):
    """Whatever fits a cache: single matrices, parts of stacks, stacks of several parameters."""
    monkeypatch.setattr(module, "CACHED", request.param)


def with_gradients(shapes, gradients):
    params = [torch.nn.Parameter(torch.ones(shape)) for shape in shapes]
    for param, gradient in zip(params, gradients, strict=True):
        param.grad = gradient.reshape(param.shape).clone()
    return params


@pytest.mark.usefixtures("any_batch_size")
def test_matrices_move_together_as_they_do_one_by_one():
    matrices = torch.randn(8, 64, 24, generator=torch.Generator().manual_seed(1))
    together = with_gradients([(2, 64, 24), (5, 64, 24), (64, 24)], matrices.split([2, 5, 1]))
    alone = with_gradients([(64, 24)] * 8, matrices)

    muon(together).step()
    for param in alone:
        muon([param]).step()

    moved = torch.cat([param.data.reshape(-1, 64, 24) for param in together])
    torch.testing.assert_close(moved, torch.stack([param.data for param in alone]))


def test_batches_hold_as_many_matrices_as_fit_the_cache_of_each_thread(monkeypatch):
    sizes = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(module, "CACHED", 3 * 16)
    monkeypatch.setattr(module, "orthogonalize", lambda x, _: sizes.append(x.shape) or x)
    shapes = [(5, 4, 4), (4, 4), (2, 4, 4), (3, 16, 8)]

    muon(with_gradients(shapes, [torch.zeros(shape) for shape in shapes])).step()

    assert sizes == [(6, 4, 4), (2, 4, 4), (2, 16, 8), (1, 16, 8)]


def test_zero_gradient_moves_nothing_but_decay():
    param = torch.nn.Parameter(torch.ones(3, 3))
    param.grad = torch.zeros(3, 3)

    muon([param], lr=0.5).step()

    torch.testing.assert_close(param.data, torch.full((3, 3), 1 - 0.5 * 0.1))


def test_parameter_without_gradient_stays():
    param = torch.nn.Parameter(torch.ones(3, 3))

    muon([param]).step()

    assert torch.equal(param.data, torch.ones(3, 3))


def test_gradients_on_a_gpu_are_never_waited_for():
    """On the meta device a tensor has no numbers: whatever asks for one fails."""
    params = [
        torch.nn.Parameter(torch.empty(shape, device="meta")) for shape in [(3, 4, 6), (4, 6)]
    ]
    for param in params:
        param.grad = torch.empty_like(param)

    muon(params).step()
