"""Blocked attention: the textbook's values and gradients, whatever is hidden, at its cost."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from alm.model import blocked
from alm.model.alibi import slopes
from alm.model.blocked import BLOCKS, blocked_attention
from alm.model.sight import Sight

B, G, H = 2, 2, 8
SCALE = 0.3
SIZE = BLOCKS[torch.float32]
LONG = 3 * SIZE + 5  # the last block is cut short


def draw(n_tokens, n_shared, dtype):
    """Return queries, keys, values, and a gradient of what comes out."""
    generator = torch.Generator().manual_seed(n_tokens)
    widths = (n_shared * G, G, G, n_shared * G)
    heads = [torch.randn(B, n_tokens, n, H, generator=generator).to(dtype) for n in widths]
    return [x.requires_grad_() for x in heads[:3]], heads[3]


def textbook(q_BTNH, k_BTGH, v_BTGH, scale, sight):
    """Write the sum out, a query at a time; each query head has its own copy of a key head."""
    n_heads = q_BTNH.shape[2]
    k_BTNH, v_BTNH = (x.repeat_interleave(n_heads // G, dim=2) for x in (k_BTGH, v_BTGH))
    slopes_N = torch.tensor(sight.slopes_N or [0.0] * n_heads, dtype=q_BTNH.dtype)
    sums = []
    for t in range(q_BTNH.shape[1]):
        first = 0 if sight.window is None else max(0, t + 1 - sight.window)
        distance_P = t - torch.arange(first, t + 1)
        scores_BPN = scale * (q_BTNH[:, t, None] * k_BTNH[:, first : t + 1]).sum(-1)
        scores_BPN = scores_BPN - distance_P[:, None] * slopes_N
        if (documents_BT := sight.documents_BT) is not None:
            other_BP = documents_BT[:, first : t + 1] != documents_BT[:, t, None]
            scores_BPN = scores_BPN.masked_fill(other_BP[..., None], -math.inf)
        weights_BPN = scores_BPN.softmax(1)
        sums.append((weights_BPN[..., None] * v_BTNH[:, first : t + 1]).sum(1))
    return torch.stack(sums, 1)


def see(n_tokens, n_heads, window=None, alibi=False, documents=False):
    starts = torch.tensor([[7, SIZE, 2 * SIZE + 3], [1, 2, SIZE + 9]])
    documents_BT = (torch.arange(n_tokens) >= starts[..., None]).sum(1) if documents else None
    slopes_N = slopes(n_heads) if alibi else None
    return Sight(0, n_tokens, torch.device("cpu"), window, slopes_N, documents_BT)


def value_and_gradients(attention, heads, grad, sight):
    y = attention(*heads, SCALE, sight)
    return [y.detach(), *torch.autograd.grad(y, heads, grad)]


SIGHTS = {
    "all before it": {},
    "a window shorter than a block": {"window": 5},
    "a window of one block": {"window": SIZE},
    "a window longer than a block": {"window": SIZE + 1},
    "a window of two blocks and a bit": {"window": 2 * SIZE + 2},
    "itself alone": {"window": 1},
    "far tokens less": {"alibi": True},
    "far tokens less, in a window": {"alibi": True, "window": SIZE + 7},
    "its document": {"documents": True},
    "its document, in a window, far tokens less": {"alibi": True, "documents": True, "window": 40},
}


@pytest.mark.parametrize("keeps", [True, False], ids=["softmax kept", "computed again"])
@pytest.mark.parametrize("kind", SIGHTS.values(), ids=SIGHTS.keys())
def test_values_and_gradients_are_the_textbooks(monkeypatch, kind, keeps):
    monkeypatch.setattr(blocked, "KEEP_UP_TO", LONG if keeps else 0)
    heads, grad = draw(LONG, 2, torch.float64)
    sight = see(LONG, 2 * G, **kind)

    ours = value_and_gradients(blocked_attention, heads, grad, sight)

    for x, expected in zip(ours, value_and_gradients(textbook, heads, grad, sight), strict=True):
        assert x.is_contiguous()
        torch.testing.assert_close(x, expected)


@pytest.mark.parametrize("n_shared", [1, 2, 3])
@pytest.mark.parametrize("n_tokens", [1, 3, SIZE, SIZE + 1, 2 * SIZE])
def test_any_length_and_any_number_of_queries_to_a_key(n_tokens, n_shared):
    heads, grad = draw(n_tokens, n_shared, torch.float64)
    sight = see(n_tokens, n_shared * G, alibi=True)

    ours = value_and_gradients(blocked_attention, heads, grad, sight)

    for x, expected in zip(ours, value_and_gradients(textbook, heads, grad, sight), strict=True):
        torch.testing.assert_close(x, expected)


@pytest.mark.parametrize("kind", SIGHTS.values(), ids=SIGHTS.keys())
def test_bfloat16_is_as_near_as_its_digits(kind):
    heads, grad = draw(300, 2, torch.bfloat16)
    sight = see(300, 2 * G, **kind)

    ours = value_and_gradients(blocked_attention, heads, grad, sight)

    exact = [x.detach().double().requires_grad_() for x in heads]
    expected = value_and_gradients(textbook, exact, grad.double(), sight)
    for x, y in zip(ours, expected, strict=True):
        assert x.dtype == torch.bfloat16
        assert (x.double() - y).norm() <= 0.01 * y.norm()


def test_sums_over_many_blocks_lose_no_digits_in_bfloat16():
    """The first keys get a part of their gradient from every block."""
    heads, grad = draw(20 * BLOCKS[torch.bfloat16], 1, torch.bfloat16)
    sight = see(grad.shape[1], G)
    exact = [x.detach().double().requires_grad_() for x in heads]

    ours = value_and_gradients(blocked_attention, heads, grad, sight)[3].double()
    expected = value_and_gradients(blocked_attention, exact, grad.double(), sight)[3]
    assert (ours - expected)[:, :9].norm() < 0.004 * expected[:, :9].norm()


def test_same_call_gives_the_same_bits():
    heads, grad = draw(200, 2, torch.float32)
    once, again = (
        value_and_gradients(blocked_attention, heads, grad, see(200, 2 * G)) for _ in range(2)
    )

    assert all(map(torch.equal, once, again))


def count_flops(n_tokens, window):
    heads, grad = draw(n_tokens, 2, torch.float32)
    with FlopCounterMode(display=False) as counter:
        value_and_gradients(blocked_attention, heads, grad, see(n_tokens, 2 * G, window=window))
    return counter.get_total_flops()


def test_cost_of_a_window_grows_with_the_length_and_without_one_with_its_square():
    assert count_flops(32 * SIZE, 2 * SIZE) / count_flops(16 * SIZE, 2 * SIZE) < 2.2
    assert count_flops(32 * SIZE, None) / count_flops(16 * SIZE, None) > 3.7
    assert count_flops(32 * SIZE, 2 * SIZE) < count_flops(32 * SIZE, None) / 5


def test_nothing_but_the_causal_half_is_multiplied_without_a_window():
    n_tokens = 32 * SIZE
    whole = 2 * B * 2 * G * n_tokens**2 * H
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        blocked_attention(*draw(n_tokens, 2, torch.float32)[0], SCALE, see(n_tokens, 2 * G))

    assert counter.get_total_flops() / (2 * whole) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("n_tokens", "n_kept"), [(512, True), (513, False)])
def test_softmax_is_kept_only_while_it_is_short(n_tokens, n_kept):
    heads, _ = draw(n_tokens, 1, torch.float32)
    sizes = []

    def note(x):
        sizes.append(x.numel())
        return x

    with torch.autograd.graph.saved_tensors_hooks(note, lambda x: x):
        blocked_attention(*heads, SCALE, see(n_tokens, G))

    kept = sum(sizes) - 3 * heads[0].numel()
    assert kept == 0 or n_kept
    assert kept <= 1.1 * B * G * n_tokens**2 / 2 * n_kept
    assert bool(kept) == n_kept
