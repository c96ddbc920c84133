"""Attention: the textbook sum, with the fast kernel or with keys repeated."""

import pytest
import torch

from alm.model import attention
from alm.model.attention import Attention, Context, attend
from alm.model.rotary import Rotary

B, T = 2, 12


@pytest.fixture
def layer(make_config):
    layer = Attention(make_config(d_model=24, d_head=8))
    for i, parameter in enumerate(layer.parameters()):
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(i))
    return layer


@pytest.fixture
def context():
    return Context(Rotary(8, 100.0)(0, T, torch.device("cpu")), True, None, None)


def plain(q_BNTH, k_BGTH, v_BGTH):
    """Write the sum out: each query head has its own copy of a key head."""
    n_shared = q_BNTH.shape[1] // k_BGTH.shape[1]
    k_BNTH, v_BNTH = (x.repeat_interleave(n_shared, dim=1) for x in (k_BGTH, v_BGTH))
    scores = q_BNTH @ k_BNTH.mT / q_BNTH.shape[-1] ** 0.5
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(future, -torch.inf).softmax(-1) @ v_BNTH


def random_heads():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(B, n, T, 8, generator=generator) for n in (4, 2, 2)]


@pytest.mark.parametrize("shares", [True, False], ids=["grouped kernel", "keys repeated"])
def test_sum_is_the_textbooks(context, monkeypatch, shares):
    monkeypatch.setattr(attention, "_shares_heads", lambda q: shares)
    heads = random_heads()

    torch.testing.assert_close(attend(*heads, context), plain(*heads))


def test_layer_normalises_turns_attends_and_projects(layer, context):
    x_BTD = torch.randn(B, T, 24)

    q, k, v = (projection(x_BTD).view(B, T, -1, 8) for projection in (layer.q, layer.k, layer.v))
    q, k = layer.q_norm(q, context.rotation), layer.k_norm(k, context.rotation)
    mixed = plain(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2).reshape(B, T, -1)

    torch.testing.assert_close(layer(x_BTD, context, 0), layer.o(mixed), rtol=1e-4, atol=1e-5)


def test_scores_do_not_grow_with_the_queries(layer, context):
    """Queries and keys are normalised, so a larger projection changes nothing."""
    x_BTD = torch.randn(B, T, 24)
    before = layer(x_BTD, context, 0)

    layer.q.weight.data *= 100

    torch.testing.assert_close(layer(x_BTD, context, 0), before, rtol=1e-3, atol=1e-4)
