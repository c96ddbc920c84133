"""The optimizer of a run follows its parameters and its numerics."""

from dataclasses import replace

import pytest
import torch

from alm.config import Params
from alm.model import Transformer, init_weights
from alm.train import build_optimizer

TINY = Params.load("tiny")


def step(numerics, precision):
    model = Transformer(TINY.model, TINY.model.vocab_size)
    init_weights(model, 0)
    optimizer = build_optimizer(model, TINY.optim, replace(numerics, precision=precision))
    generator = torch.Generator().manual_seed(0)
    for parameter in optimizer.parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step(0.1)
    return model.state_dict()


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_matrices_are_worked_on_in_bfloat16_where_rows_are(numerics, precision):
    exact, found = step(numerics, "float32"), step(numerics, precision)

    name = "blocks.0.attention.q.weight"
    assert torch.equal(found["norm.weight"], exact["norm.weight"])
    assert torch.equal(found[name], exact[name]) == (precision != "bfloat16")
    torch.testing.assert_close(found[name], exact[name], rtol=0.1, atol=0.005)
