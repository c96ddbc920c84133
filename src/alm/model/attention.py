"""Grouped-query attention with normalised queries and keys.

Dimensions: B batch, T new tokens, P tokens with those in the cache, D d_model, N query heads,
G key/value heads, H width of a head.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alm.config import ModelConfig
from alm.model.cache import KVCache
from alm.model.head_norm import HeadNorm
from alm.model.projection import Projection
from alm.model.rotary import Rotation


class Context(NamedTuple):
    """What every layer's attention needs to know about the tokens of one forward pass."""

    rotation: Rotation
    causal: bool
    """Nothing precedes the tokens, and each sees itself and those before it."""
    mask_TP: Tensor | None
    """What a token may see where ``causal`` cannot say it; None lets it see everything."""
    cache: KVCache | None


class Attention(nn.Module):
    """Mix the tokens of a sequence, each with itself and the ones before it.

    Queries and keys are normalised head by head before they are rotated, which bounds the scores
    without a soft cap. Scores are scaled by ``H^-1/2``. There are no biases.

    Shape:
        x_BTD -> (B, T, D).

    Reference:
        Ainslie et al. 2023 (arXiv:2305.13245), section 2.2: grouped queries. Dehghani et al. 2023
        (arXiv:2302.05442), section 2: queries and keys normalised, there by LayerNorm.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.d_head = config.d_head
        self.q = Projection(config.d_model, config.n_heads * config.d_head)
        self.k = Projection(config.d_model, config.n_kv_heads * config.d_head)
        self.v = Projection(config.d_model, config.n_kv_heads * config.d_head)
        self.o = Projection(config.n_heads * config.d_head, config.d_model)
        self.q_norm = HeadNorm(config.d_head, config.norm_eps)
        self.k_norm = HeadNorm(config.d_head, config.norm_eps)

    def forward(self, x_BTD: Tensor, context: Context, layer: int) -> Tensor:
        """Attend; ``layer`` is this layer's place in the cache."""
        q_BNTH = self.q_norm(self._heads(self.q(x_BTD)), context.rotation).transpose(1, 2)
        k_BGTH = self.k_norm(self._heads(self.k(x_BTD)), context.rotation).transpose(1, 2)
        v_BGTH = self._heads(self.v(x_BTD)).transpose(1, 2)
        if context.cache is not None:
            k_BGTH, v_BGTH = context.cache.append(layer, k_BGTH, v_BGTH)
        y_BNTH = attend(q_BNTH, k_BGTH, v_BGTH, context)
        return self.o(y_BNTH.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.d_head))


def attend(q_BNTH: Tensor, k_BGPH: Tensor, v_BGPH: Tensor, context: Context) -> Tensor:
    """Return softmax-weighted sums of the values, (B, N, T, H)."""
    if not _shares_heads(q_BNTH):
        n_shared = q_BNTH.shape[1] // k_BGPH.shape[1]
        k_BGPH, v_BGPH = (x.repeat_interleave(n_shared, dim=1) for x in (k_BGPH, v_BGPH))
    return F.scaled_dot_product_attention(
        q_BNTH,
        k_BGPH,
        v_BGPH,
        attn_mask=context.mask_TP,
        is_causal=context.causal,
        enable_gqa=q_BNTH.shape[1] != k_BGPH.shape[1],
    )


def _shares_heads(q: Tensor) -> bool:
    """Whether torch has a fast kernel here that reads one key for several queries.

    In float32 on CUDA it would silently fall back to whole score matrices (pytorch#181528), and
    MPS has no such kernel for training: there each key is repeated.
    """
    return q.device.type == "cpu" or (q.is_cuda and q.dtype != torch.float32)
