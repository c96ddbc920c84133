"""Compile every kernel once before a run counts on it."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch

from alm.config import ModelConfig
from alm.model.fusion import compile_blocks, compiled_kernels
from alm.model.init import init_weights
from alm.model.loss import mean_cross_entropy
from alm.model.transformer import Transformer

# Torch compiles once more where two sizes of the first call were equal, or where a sum has over
# 4,096 terms and had not: with these, what the rehearsal compiles serves the run.
N_ROWS, N_TOKENS = 3, 700
N_VOCAB = 5003
D_HIDDEN = 72  # of feed-forwards and experts


class Arithmetic(Protocol):
    """What a rehearsal needs to know of a run's numerics."""

    @property
    def device(self) -> str:
        """Where the run computes."""

    def autocast(self) -> AbstractContextManager[Any]:
        """Open the context of a forward pass, which decides the dtypes."""


def find_compile_failure(
    config: ModelConfig, numerics: Arithmetic, cache: Path, *, recomputes: bool
) -> str | None:
    """Train a miniature for one compiled step; return in a line why that failed, if it did.

    The miniature has a layer of each kind that ``config`` has, narrower inside, and so uses all
    kernels in the dtypes of the real run. What is compiled here serves that run: it is kept in this
    process, and below ``cache`` for later ones. On CUDA whole blocks are compiled, which shows that
    they can be; those of the run are wider, and compiled again.

    Args:
        config: the shape that will be trained.
        numerics: where, and in which precision.
        cache: a directory of torch's own, made where it is not there.
        recomputes: whether blocks are computed again in the backward pass.
    """
    model = Transformer(_shrink(config), N_VOCAB).to(numerics.device)
    init_weights(model, seed=0)
    model.recompute = recomputes
    try:
        if numerics.device == "cuda":
            compile_blocks(model.blocks)
        with compiled_kernels(cache):
            _train(model, numerics)
    except Exception as error:  # of whatever kind: the compilers', the disk's, Triton's
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def _train(model: Transformer, numerics: Arithmetic) -> None:
    ids_BT = torch.arange(N_ROWS * N_TOKENS, device=numerics.device).view(N_ROWS, -1) % N_VOCAB
    with numerics.autocast():
        hidden_BTD = model(ids_BT).hidden_BTD
        loss = mean_cross_entropy(hidden_BTD.flatten(0, 1), model.head_weight, ids_BT.flatten())
    loss.backward()


def _shrink(config: ModelConfig) -> ModelConfig:
    moe = config.moe
    if moe is not None:
        moe = replace(moe, n_dense_layers=1, d_expert=D_HIDDEN)
    sizes = {"n_layers": 2, "d_ff": D_HIDDEN, "vocab_size": N_VOCAB}
    return replace(config, **sizes, targets=(), moe=moe)  # it leaves the house for no target
