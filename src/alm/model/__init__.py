"""The network. Letters used as shape suffixes everywhere below, always in this meaning.

B batch             T tokens in a sequence       S = B * T, flattened tokens
D d_model           F hidden width of a          V vocabulary: rows of the output matrix
                    feed-forward or an expert
N query heads       G key/value heads            H width of one head
E experts           K experts per token          R = S * K, tokens sorted by expert
M mixture layers    C tokens of one chunk
"""

from alm.model.cache import KVCache, Positions
from alm.model.description import render, render_table
from alm.model.finite import require_finite
from alm.model.fusion import compile_blocks, compiled_kernels
from alm.model.init import init_weights
from alm.model.loss import IGNORED, chunked_cross_entropy, mean_cross_entropy
from alm.model.rehearsal import find_compile_failure
from alm.model.size import Size, describe
from alm.model.transformer import Forward, Transformer
from alm.model.usage import Usage, balance_loss

__all__ = [
    "IGNORED",
    "Forward",
    "KVCache",
    "Positions",
    "Size",
    "Transformer",
    "Usage",
    "balance_loss",
    "chunked_cross_entropy",
    "compile_blocks",
    "compiled_kernels",
    "describe",
    "find_compile_failure",
    "init_weights",
    "mean_cross_entropy",
    "render",
    "render_table",
    "require_finite",
]
