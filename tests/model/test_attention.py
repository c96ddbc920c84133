"""Attention: the textbook sum, with the fast kernel or with keys repeated."""

import pytest
import torch

from alm.config import RopeScaling
from alm.model import attention
from alm.model.alibi import slopes
from alm.model.attention import Attention, attend, goes_by_blocks
from alm.model.blocked import blocked_attention
from alm.model.context import Context
from alm.model.rotary import Rotary
from alm.model.sight import Sight

B, T = 2, 12
CPU = torch.device("cpu")
SCALE = 8**-0.5


@pytest.fixture
def layer(make_config):
    layer = Attention(make_config(d_model=24, d_head=8))
    for i, parameter in enumerate(layer.parameters()):
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(i))
    return layer


@pytest.fixture
def context():
    return Context(Rotary(8, 100.0)(0, T, CPU), Sight(0, T, CPU), None, None)


def plain(q_BNTH, k_BGTH, v_BGTH):
    """Write the sum out: each query head has its own copy of a key head."""
    n_shared = q_BNTH.shape[1] // k_BGTH.shape[1]
    k_BNTH, v_BNTH = (x.repeat_interleave(n_shared, dim=1) for x in (k_BGTH, v_BGTH))
    scores = q_BNTH @ k_BNTH.mT / q_BNTH.shape[-1] ** 0.5
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(future, -torch.inf).softmax(-1) @ v_BNTH


def random_heads():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(B, T, n, 8, generator=generator) for n in (4, 2, 2)]


@pytest.mark.parametrize("shares", [True, False], ids=["grouped kernel", "keys repeated"])
def test_sum_is_the_textbooks(monkeypatch, shares):
    monkeypatch.setattr(attention, "_shares_heads", lambda q, sight: shares)
    heads = random_heads()

    y_BTNH = attend(*heads, SCALE, Sight(0, T, CPU))

    expected = plain(*(x.transpose(1, 2) for x in heads)).transpose(1, 2)
    torch.testing.assert_close(y_BTNH, expected)


SIGHTS = {
    "everything before it": {},
    "a window": {"window": 5},
    "its document": {"documents_BT": (torch.arange(T) >= torch.tensor([[4], [9]])).int()},
    "far tokens less": {"slopes_N": slopes(4)},
    "all at once": {
        "window": 5,
        "documents_BT": (torch.arange(T) >= torch.tensor([[4], [9]])).int(),
        "slopes_N": slopes(4),
    },
}


@pytest.mark.parametrize("shares", [True, False], ids=["grouped kernel", "keys repeated"])
@pytest.mark.parametrize("kind", SIGHTS.values(), ids=SIGHTS.keys())
def test_masks_give_what_blocks_give(monkeypatch, kind, shares):
    monkeypatch.setattr(attention, "_shares_heads", lambda q, sight: shares)
    heads, sight = random_heads(), Sight(0, T, CPU, **kind)

    blocks = blocked_attention(*heads, SCALE, sight)

    torch.testing.assert_close(attend(*heads, SCALE, sight), blocks, rtol=1e-5, atol=1e-6)


def test_training_on_a_cpu_goes_by_blocks_and_generating_does_not(layer, context, monkeypatch):
    calls = []
    monkeypatch.setattr(
        attention, "blocked_attention", lambda *a: calls.append(a) or blocked_attention(*a)
    )
    x_BTD = torch.randn(B, T, 24)

    layer(x_BTD, context)
    assert len(calls) == 1

    layer(x_BTD, context._replace(append=lambda k, v: (k, v)))
    assert len(calls) == 1


def test_portable_numerics_keep_torchs_kernel_where_it_can_do_the_work(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    q = torch.zeros(1, 1, 1, 2)

    assert not goes_by_blocks(q, Sight(0, T, CPU))
    assert goes_by_blocks(q, Sight(0, T, CPU, window=2))


@pytest.mark.parametrize(("dtype", "by_blocks"), [(torch.float32, False), (torch.bfloat16, True)])
def test_long_rows_go_by_blocks_in_bfloat16_and_in_a_window(dtype, by_blocks):
    q = torch.zeros(1, 1024, 1, 2, dtype=dtype)

    assert goes_by_blocks(q[:, :512], Sight(0, 512, CPU))
    assert goes_by_blocks(q, Sight(0, 1024, CPU)) == by_blocks
    assert goes_by_blocks(q, Sight(0, 1024, CPU, window=64))


@pytest.mark.parametrize("dtype", [torch.float16, torch.complex64])
def test_other_dtypes_are_left_to_torch(dtype):
    assert not goes_by_blocks(torch.zeros(1, 1, 1, 2, dtype=dtype), Sight(0, T, CPU))


def test_a_layer_sees_by_its_sight(layer, context):
    x_BTD = torch.randn(B, T, 24)
    near = context._replace(sight=Sight(0, T, CPU, window=3))

    full, windowed = layer(x_BTD, context), layer(x_BTD, near)

    torch.testing.assert_close(full[:, :3], windowed[:, :3])
    assert (full[:, 3:] - windowed[:, 3:]).abs().max() > 0.01


def test_stretched_positions_sharpen_the_scores(make_config):
    """By the square of 0.1 ln s + 1, as queries and keys would each get one."""
    scaling = RopeScaling(factor=20.0, original_seq_len=64)
    plain, stretched = (
        Attention(make_config(d_head=8, rope_scaling=each)).scale for each in (None, scaling)
    )

    assert plain == pytest.approx(8**-0.5)
    assert stretched == pytest.approx(8**-0.5 * 1.299573227**2)


def test_layer_normalises_turns_attends_and_projects(layer, context):
    x_BTD = torch.randn(B, T, 24)

    q, k, v = (projection(x_BTD).view(B, T, -1, 8) for projection in (layer.q, layer.k, layer.v))
    q, k = layer.q_norm(q, context.rotation), layer.k_norm(k, context.rotation)
    mixed = plain(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2).reshape(B, T, -1)

    torch.testing.assert_close(layer(x_BTD, context), layer.o(mixed), rtol=1e-4, atol=1e-5)


def test_scores_do_not_grow_with_the_queries(layer, context):
    """Queries and keys are normalised, so a larger projection changes nothing."""
    x_BTD = torch.randn(B, T, 24)
    before = layer(x_BTD, context)

    layer.q.weight.data *= 100

    torch.testing.assert_close(layer(x_BTD, context), before, rtol=1e-3, atol=1e-4)
