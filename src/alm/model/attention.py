"""Grouped-query attention with normalised queries and keys.

Dimensions: B batch, T new tokens, P tokens with those in the cache, D d_model, N query heads,
G key/value heads, H width of a head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alm.config import ModelConfig
from alm.model.blocked import BLOCKS, KEEP_UP_TO, blocked_attention
from alm.model.context import Context
from alm.model.head_norm import HeadNorm
from alm.model.projection import Projection
from alm.model.sight import Sight
from alm.model.yarn import sharpening


class Attention(nn.Module):
    """Mix the tokens of a sequence, each with itself and the ones before it.

    Queries and keys are normalised head by head before they are rotated, which bounds the scores
    without a soft cap. Scores are scaled by ``H^-1/2``, and YaRN's factor. There are no biases.

    Shape:
        x_BTD -> (B, T, D).

    Reference:
        Ainslie et al. 2023 (arXiv:2305.13245), section 2.2: grouped queries. Dehghani et al. 2023
        (arXiv:2302.05442), section 2: queries and keys normalised, there by LayerNorm.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.d_head = config.d_head
        self.scale = config.d_head**-0.5
        if config.rope_scaling is not None:
            self.scale *= sharpening(config.rope_scaling)
        self.q = Projection(config.d_model, config.n_heads * config.d_head)
        self.k = Projection(config.d_model, config.n_kv_heads * config.d_head)
        self.v = Projection(config.d_model, config.n_kv_heads * config.d_head)
        self.o = Projection(config.n_heads * config.d_head, config.d_model)
        self.q_norm = HeadNorm(config.d_head, config.norm_eps)
        self.k_norm = HeadNorm(config.d_head, config.norm_eps)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Attend to what ``context`` lets this layer see."""
        q_BTNH = self.q_norm(self._heads(self.q(x_BTD)), context.rotation)
        k_BPGH = self.k_norm(self._heads(self.k(x_BTD)), context.rotation)
        v_BPGH = self._heads(self.v(x_BTD))
        sight = context.sight
        if context.append is not None:
            k_BPGH, v_BPGH = context.append(k_BPGH, v_BPGH)
            y_BTNH = attend(q_BTNH, k_BPGH, v_BPGH, self.scale, sight)
        elif goes_by_blocks(q_BTNH, sight):
            y_BTNH = blocked_attention(q_BTNH, k_BPGH, v_BPGH, self.scale, sight)
        else:
            y_BTNH = attend(q_BTNH, k_BPGH, v_BPGH, self.scale, sight)
        return self.o(y_BTNH.flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.d_head))


def goes_by_blocks(q_BTNH: Tensor, sight: Sight) -> bool:
    """Whether training and scoring, which have no cache, go block by block: by device and shape.

    In float32 that is faster only while the softmax is kept. Without oneDNN, as in portable
    numerics, plain attention stays with torch's kernel, whose bits are known to be the same on
    every CPU.
    """
    if q_BTNH.device.type != "cpu" or q_BTNH.dtype not in BLOCKS:
        return False
    if not sight.is_causal:
        return True
    is_faster = q_BTNH.dtype == torch.bfloat16 or q_BTNH.shape[1] <= KEEP_UP_TO
    return is_faster and torch.backends.mkldnn.enabled


def attend(q_BTNH: Tensor, k_BPGH: Tensor, v_BPGH: Tensor, scale: float, sight: Sight) -> Tensor:
    """Return softmax-weighted sums of the values, (B, T, N, H), by torch's own kernels.

    A window, documents or ALiBi become a mask, of all T x P scores, and each is computed: here they
    save nothing, and on a GPU they cost, as the fastest kernels take no mask.
    """
    q_BNTH, k_BGPH, v_BGPH = (x.transpose(1, 2) for x in (q_BTNH, k_BPGH, v_BPGH))
    if not _shares_heads(q_BNTH, sight):
        n_shared = q_BNTH.shape[1] // k_BGPH.shape[1]
        k_BGPH, v_BGPH = (x.repeat_interleave(n_shared, dim=1) for x in (k_BGPH, v_BGPH))
    y_BNTH = F.scaled_dot_product_attention(
        q_BNTH,
        k_BGPH,
        v_BGPH,
        attn_mask=_in_dtype(sight.mask, q_BNTH.dtype),
        is_causal=sight.is_causal,
        scale=scale,
        enable_gqa=q_BNTH.shape[1] != k_BGPH.shape[1],
    )
    return y_BNTH.transpose(1, 2)


def _shares_heads(q: Tensor, sight: Sight) -> bool:
    """Whether torch has a fast kernel here that reads one key for several queries.

    In float32 on CUDA it would silently fall back to whole score matrices (pytorch#181528), and so
    it would with a mask; MPS has no such kernel for training. There each key is repeated.
    """
    if q.is_cuda:
        return q.dtype != torch.float32 and sight.mask is None
    return q.device.type == "cpu"


def _in_dtype(mask: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    """Cast a mask that is added to the scores; a boolean one stays as it is."""
    return mask if mask is None or mask.dtype == torch.bool else mask.to(dtype)
