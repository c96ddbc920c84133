"""Attention on a CPU in blocks of queries, as batched matrix products.

A block of queries sees the keys up to its own end, and in a window none long before it, so that
most of what a mask hides is never computed. Scores exist for one block at a time. The queries that
share a key head are rows of one matrix, so that no key is repeated.

torch's own kernel for a CPU multiplies much smaller tiles. Forward and backward together, on one
thread with AVX-512 instructions, this was 2.6 times as fast in bfloat16 at pico's shape, 4 times at
tiny's and 1.6 times at nano's; in float32 1.2 to 1.6 times up to 512 tokens. Where a CPU has AMX
tiles, torch's kernel uses them too, and the gain is not known.

Dimensions: B batch, T tokens, N query heads, G key/value heads, H width of a head, Z = B * G,
M rows of a block (the queries of a key head, those of one token side by side), P keys that a block
sees.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.alibi import penalty
from alm.model.sight import Sight

BLOCKS = {torch.bfloat16: 64, torch.float32: 32, torch.float64: 32}  # queries in a block, by trial
KEEP_UP_TO = 512
"""Most keys of a block whose softmax is kept for the backward pass. There it takes a fifth of the
memory of a layer's other activations, and a quarter of the time is saved; both grow with P."""


class Block(NamedTuple):
    """A run of queries, and the keys that they may see."""

    tokens: slice
    keys: slice


@torch.compiler.disable  # its loop would be unrolled, and nothing in it could be fused
def blocked_attention(
    q_BTNH: Tensor, k_BTGH: Tensor, v_BTGH: Tensor, scale: float, sight: Sight
) -> Tensor:
    """Return softmax-weighted sums of the values, (B, T, N, H), in the dtype of the queries.

    Products are in that dtype, the softmax and sums over blocks in float32. The result is the same
    in every run with the same number of threads.

    Args:
        q_BTNH: queries; T is that of the keys: no past, no cache.
        k_BTGH: keys.
        v_BTGH: values.
        scale: what the products of queries and keys are multiplied by.
        sight: which keys a query may see, and how much less the far ones count.

    Reference:
        Dao et al. 2022 (arXiv:2205.14135), algorithm 4, for computing scores again instead of
        keeping them. We depart from it: a block of queries meets all its keys at once, so the
        softmax is a plain one, and short rows of scores are kept after all.
    """
    return _BlockedAttention.apply(q_BTNH, k_BTGH, v_BTGH, scale, sight)


class _BlockedAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        q_BTNH: Tensor,
        k_BTGH: Tensor,
        v_BTGH: Tensor,
        scale: float,
        sight: Sight,
    ) -> Tensor:
        k_ZTH, v_ZTH = _fold(k_BTGH, k_BTGH.shape[2]), _fold(v_BTGH, v_BTGH.shape[2])
        softmax = _Softmax(q_BTNH, k_ZTH, scale, sight)
        ctx.keeps = any(ctx.needs_input_grad) and softmax.width <= KEEP_UP_TO
        kept, y_BTNH = [], q_BTNH.new_empty(q_BTNH.shape)
        for block in softmax.blocks():
            p_ZMP = softmax(block, in_new_memory=ctx.keeps)
            y_ZMH = p_ZMP @ _take(v_ZTH, block.keys)
            y_BTNH[:, block.tokens] = _unfold(y_ZMH, *y_BTNH[:, block.tokens].shape[:2])
            kept += [p_ZMP] if ctx.keeps else []
        ctx.scale, ctx.sight = scale, sight
        ctx.save_for_backward(q_BTNH, k_ZTH, v_ZTH, *kept)
        return y_BTNH

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_BTNH: Tensor) -> tuple[Tensor | None, ...]:
        q_BTNH, k_ZTH, v_ZTH, *kept = ctx.saved_tensors
        softmax = _Softmax(q_BTNH, k_ZTH, ctx.scale, ctx.sight)
        gradient = _Gradient(softmax, v_ZTH)
        for i, block in enumerate(softmax.blocks()):
            gradient.add(block, grad_BTNH, kept[i] if ctx.keeps else softmax(block))
        shape = q_BTNH.shape[:2]
        sums = (gradient.k_ZTH.to(k_ZTH.dtype), gradient.v_ZTH.to(v_ZTH.dtype))
        return (gradient.q_BTNH, *(_unfold(x, *shape).contiguous() for x in sums), None, None)


class _Softmax:
    """The softmax of each block's scores, in memory that the next block uses again."""

    def __init__(self, q_BTNH: Tensor, k_ZTH: Tensor, scale: float, sight: Sight) -> None:
        self.q_BTNH, self.k_ZTH, self.scale, self.sight = q_BTNH, k_ZTH, scale, sight
        n_rows, self.n_tokens, n_heads, _ = q_BTNH.shape
        self.n_groups = len(k_ZTH) // n_rows
        self.n_shared = n_heads // self.n_groups
        self.size = min(BLOCKS[q_BTNH.dtype], self.n_tokens)
        self.n_before = self.n_tokens
        if sight.window is not None:
            self.n_before = -(-(sight.window - 1) // self.size) * self.size
        self.width = min(self.n_before + self.size, self.n_tokens)
        self.bias_GMP = self._build_bias().to(q_BTNH.dtype)
        n_most = len(k_ZTH) * self.size * self.n_shared * self.width
        self._memory = [q_BTNH.new_empty(n_most) for _ in range(3)]

    def __call__(self, block: Block, in_new_memory: bool = False) -> Tensor:
        """Return the weights of the values, (Z, M, P)."""
        scores_ZMP, _, out_ZMP = self.memory(block)
        if in_new_memory:
            out_ZMP = torch.empty_like(scores_ZMP)
        q_ZMH, k_ZPH = self.inputs(block)
        torch.baddbmm(scores_ZMP, q_ZMH, k_ZPH.mT, beta=0, alpha=self.scale, out=scores_ZMP)
        self._hide(block, scores_ZMP)
        return torch.softmax(scores_ZMP, -1, out=out_ZMP)

    def blocks(self) -> Iterator[Block]:
        """Cut the tokens into blocks, in order; keys begin where a block does."""
        for start in range(0, self.n_tokens, self.size):
            stop = min(start + self.size, self.n_tokens)
            yield Block(slice(start, stop), slice(max(0, start - self.n_before), stop))

    def inputs(self, block: Block) -> tuple[Tensor, Tensor]:
        """Return the queries of a block, (Z, M, H), and its keys, (Z, P, H)."""
        q_ZMH = _fold(self.q_BTNH[:, block.tokens], self.n_groups)
        return q_ZMH, _take(self.k_ZTH, block.keys)

    def memory(self, block: Block) -> list[Tensor]:
        """Return three pieces of memory in the shape of this block's scores."""
        n_tokens, n_keys = (part.stop - part.start for part in block)
        shape = (len(self.k_ZTH), n_tokens * self.n_shared, n_keys)
        return [piece[: math.prod(shape)].view(shape) for piece in self._memory]

    def _hide(self, block: Block, scores_ZMP: Tensor) -> None:
        """Lower the scores of far keys, and those of hidden ones to minus infinity."""
        _, n_rows, n_keys = scores_ZMP.shape
        n_biased = min(n_keys, self.bias_GMP.shape[-1])
        scores_BGMP = scores_ZMP.unflatten(0, (-1, self.n_groups))
        scores_BGMP[..., -n_biased:] += self.bias_GMP[:, -n_rows:, -n_biased:]
        if (documents_BT := self.sight.documents_BT) is not None:
            others_BTP = documents_BT[:, block.tokens, None] != documents_BT[:, None, block.keys]
            others_BMP = others_BTP.repeat_interleave(self.n_shared, dim=1)
            scores_BGMP.masked_fill_(others_BMP.unsqueeze(1), -math.inf)

    def _build_bias(self) -> Tensor:
        """Return what is added to the last scores of any block, as both are counted from its end.

        Where there is causal order alone, just the block's own keys need it.
        """
        is_near = self.sight.window is None and self.sight.slopes_N is None
        n_keys = self.size if is_near else self.width
        distance_TP = torch.arange(self.size)[:, None] - torch.arange(n_keys) + n_keys - self.size
        bias_NTP = torch.zeros(1, *distance_TP.shape)
        if self.sight.slopes_N is not None:
            bias_NTP = penalty(distance_TP, self.sight.slopes_N)
        bias_NTP = bias_NTP.masked_fill(~self.sight.sees(distance_TP), -math.inf)
        if len(bias_NTP) == 1:
            return bias_NTP.repeat_interleave(self.n_shared, dim=1)
        return bias_NTP.unflatten(0, (self.n_groups, -1)).transpose(1, 2).flatten(1, 2)


class _Gradient:
    """The gradients of queries, keys and values; those of keys and values are sums over blocks."""

    def __init__(self, softmax: _Softmax, v_ZTH: Tensor) -> None:
        self.softmax, self.v_inputs_ZTH = softmax, v_ZTH
        self.q_BTNH = softmax.q_BTNH.new_empty(softmax.q_BTNH.shape)
        self.k_ZTH = torch.zeros_like(v_ZTH, dtype=torch.promote_types(v_ZTH.dtype, torch.float32))
        self.v_ZTH = torch.zeros_like(self.k_ZTH)

    def add(self, block: Block, grad_BTNH: Tensor, p_ZMP: Tensor) -> None:
        """Add what one block gives."""
        scores_ZMP, weights_ZMP, _ = self.softmax.memory(block)
        q_ZMH, k_ZPH = self.softmax.inputs(block)
        grad_ZMH = _fold(grad_BTNH[:, block.tokens], self.softmax.n_groups)
        v_ZPH = _take(self.v_inputs_ZTH, block.keys)
        torch.bmm(grad_ZMH, v_ZPH.mT, out=weights_ZMP)
        # What autograd itself calls: one pass, with sums in float32.
        torch._softmax_backward_data(weights_ZMP, p_ZMP, -1, p_ZMP.dtype, grad_input=scores_ZMP)
        scale = self.softmax.scale
        grad_q_ZMH = torch.baddbmm(q_ZMH, scores_ZMP, k_ZPH, beta=0, alpha=scale)
        self.q_BTNH[:, block.tokens] = _unfold(grad_q_ZMH, *grad_BTNH[:, block.tokens].shape[:2])
        self.k_ZTH[:, block.keys].add_(scores_ZMP.mT @ q_ZMH, alpha=scale)
        self.v_ZTH[:, block.keys] += p_ZMP.mT @ grad_ZMH


def _take(x_ZTH: Tensor, keys: slice) -> Tensor:
    """Return the keys or values of a block, contiguous where oneDNN would copy them, but slowly."""
    x_ZPH = x_ZTH[:, keys]
    return x_ZPH.contiguous() if x_ZPH.dtype == torch.bfloat16 else x_ZPH


def _fold(x_BTNH: Tensor, n_groups: int) -> Tensor:
    """Put the heads of each key head side by side: (Z, M, H), contiguous."""
    heads_BGTXH = x_BTNH.unflatten(2, (n_groups, -1)).transpose(1, 2)
    return heads_BGTXH.flatten(2, 3).flatten(0, 1).contiguous()


def _unfold(x_ZMH: Tensor, n_rows: int, n_tokens: int) -> Tensor:
    """Undo :func:`_fold`: (B, T, N, H)."""
    heads_BGTXH = x_ZMH.unflatten(1, (n_tokens, -1)).unflatten(0, (n_rows, -1))
    return heads_BGTXH.transpose(1, 2).flatten(2, 3)
