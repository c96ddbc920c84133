"""Batch size and learning rate as rules of thumb would set them, and what Muon costs.

The rules start from presets whose numbers were tried out, and say which way to go from there. They
are suggestions to print: nothing here changes a parameter, and a short trial beats any of them.

* **Batch size** grows with the tokens of a run: ``tokens^0.383`` (Bergsma et al. 2025, Power
  Lines, arXiv:2505.13738), to the nearest power of two, as in nanochat. The network's size hardly
  matters for it.
* **Learning rate** goes with the square root of the batch (Malladi et al. 2022, arXiv:2205.10287,
  for Adam; taken over for Muon), and falls with the tokens of a run: ``tokens^-0.32`` at one
  batch size (Bjorck et al. 2024, arXiv:2409.19913, for AdamW). Without the second rule our two
  anchors contradict each other by a factor of 4.7, with it by 1.6.
* **Width and depth** change nothing: every update of a matrix has the root mean square 0.2 times
  the learning rate, whatever its shape (Liu et al. 2025, Moonlight, arXiv:2502.16982, section 2.2).

Below, an (M, N) matrix has M rows and N columns; D is the width of the network.
"""

import math
from dataclasses import dataclass

from alm.config import ModelConfig, OptimConfig, Params

BATCH_EXPONENT = 0.383
HORIZON_EXPONENT = -0.32
TOO_MUCH = 0.2  # of the work of a step; a larger batch makes Muon's share smaller


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A preset whose batch size and learning rate were tried out."""

    preset: str
    tokens: int
    tokens_per_step: int
    lr: float


ANCHORS = (
    Anchor(preset="tiny", tokens=200_000, tokens_per_step=2_048, lr=0.01),
    Anchor(preset="pico", tokens=6_000_000, tokens_per_step=16_384, lr=0.006),
)


def nearest_anchor(tokens: int) -> Anchor:
    """Return the anchor whose tokens are nearest on a logarithmic scale."""
    return min(ANCHORS, key=lambda anchor: abs(math.log(tokens / anchor.tokens)))


def suggest_batch(tokens: int) -> int:
    """Return tokens per step for a run over ``tokens``: a power of two."""
    anchor = nearest_anchor(tokens)
    batch = anchor.tokens_per_step * (tokens / anchor.tokens) ** BATCH_EXPONENT
    return 2 ** round(math.log2(batch))


def suggest_lr(tokens: int, tokens_per_step: float) -> float:
    """Return the peak learning rate for a run over ``tokens`` in steps of ``tokens_per_step``."""
    anchor = nearest_anchor(tokens)
    horizon = (tokens / anchor.tokens) ** HORIZON_EXPONENT
    return anchor.lr * horizon * math.sqrt(tokens_per_step / anchor.tokens_per_step)


def muon_flops(config: ModelConfig, ns_steps: int) -> int:
    """Return the arithmetic of one step's Newton-Schulz iterations.

    An (M, N) matrix with M <= N takes three products an iteration: ``4 M^2 N + 2 M^3``.
    """
    return sum(
        count * ns_steps * (4 * min(shape) ** 2 * max(shape) + 2 * min(shape) ** 3)
        for shape, count in count_matrices(config).items()
    )


def count_matrices(config: ModelConfig) -> dict[tuple[int, int], int]:
    """Return shape -> how many matrices of it Muon trains."""
    D, moe = config.d_model, config.moe
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    n_mixed = config.n_layers - moe.n_dense_layers if moe else 0
    found = [((queries, D), config.n_layers), ((D, queries), config.n_layers)]
    found.append(((keys, D), 2 * config.n_layers))
    found += _count_feed_forward(config.d_ff, D, config.n_layers - n_mixed)
    if moe:
        found += _count_feed_forward(moe.d_expert, D, n_mixed * moe.n_experts)
        found += _count_feed_forward(moe.n_shared_experts * moe.d_expert, D, n_mixed)
    counts: dict[tuple[int, int], int] = {}
    for shape, count in found:
        counts[shape] = counts.get(shape, 0) + count
    return {shape: count for shape, count in counts.items() if count and all(shape)}


def _count_feed_forward(d_hidden: int, d_model: int, n: int) -> list[tuple[tuple[int, int], int]]:
    return [((d_hidden, d_model), 2 * n), ((d_model, d_hidden), n)]


def describe_scaling(params: Params, tokens: int, flops: float) -> list[str]:
    """Write what the rules suggest for ``tokens`` of training that take ``flops``, in lines."""
    per_step = params.train.batch_size * params.data.seq_len
    preset, lr = nearest_anchor(tokens).preset, suggest_lr(tokens, per_step)
    return [
        f"batch    {per_step:,} tokens a step; {suggest_batch(tokens):,} suggested: that of "
        f"{preset}, by tokens to the power {BATCH_EXPONENT}",
        f"lr       {params.train.lr:g}; {lr:.2g} suggested at this batch: that of {preset}, by the "
        f"root of the batch and tokens to the power {HORIZON_EXPONENT}, whatever the width",
        *_describe_muon(params.model, params.optim, flops * per_step / tokens),
    ]


def _describe_muon(model: ModelConfig, optim: OptimConfig, flops_per_step: float) -> list[str]:
    """Say how much Muon adds to a step of ``flops_per_step``; nothing where it is not used."""
    if optim.matrices != "muon":
        return []
    share = muon_flops(model, optim.ns_steps) / flops_per_step
    advice = "; a larger train.batch_size or fewer optim.ns_steps would cut it"
    told = advice if share > TOO_MUCH else ""
    return [f"muon     {share:.0%} on top of a step's forward and backward work{told}"]
