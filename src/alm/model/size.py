"""How large a shape is, and what it costs, from its numbers alone.

Dimensions: V vocabulary, D d_model, N query and G key/value heads of width H, F hidden width,
E experts, K experts per token, T tokens of a sequence.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from alm.config import ModelConfig
from alm.model.blocked import BLOCKS, KEEP_UP_TO
from alm.model.loss import CHUNK_BYTES

GB = 10**9
FLOAT32 = 4
MUON_BYTES = 12  # weight, gradient and momentum in float32
ADAMW_BYTES = 16  # weight, gradient and two moments
ROUTE_BYTES = 12  # weight and index of one chosen expert
Q8_0_BYTES = 34 / 32  # 32 integers of a byte, and their scale in float16


class Fits(NamedTuple):
    """What can be done within a memory budget."""

    training: bool
    recomputing: bool
    """Training with activations computed again."""
    inference: bool


@dataclass(frozen=True, kw_only=True)
class Size:
    """Counts and bytes of one shape.

    Bytes are of float32 numbers, unless said otherwise; bfloat16 activations halve theirs.
    """

    n_parameters: int
    n_active: int
    """Parameters without the experts that a token is not sent to."""
    n_embedding: int
    """Parameters of the embedding, and of the output matrix where they are not tied."""
    n_expert: int
    """Parameters of one routed expert in one layer; 0 in a dense shape."""
    n_experts: int
    """Routed experts in all layers."""
    flops_per_token: int
    """To train on one token: forward, and backward at twice its cost."""
    muon_flops: int
    """One Newton-Schulz iteration on every matrix, once per optimizer step."""
    seq_len: int
    """T of the figures that depend on it."""
    state_bytes: int
    """Weights, gradients and optimizer state."""
    activation_bytes_per_token: int
    """What the forward pass keeps for the backward pass."""
    recomputed_bytes_per_token: int
    """The same where each block is computed again: what enters the blocks, and one whole block."""
    kv_bytes: int
    """Keys and values of ``seq_len`` tokens; a window saves none, as every layer's are kept."""
    int8_bytes: int
    """Q8_0: every matrix in blocks of 32 integers; norms, router and biases in float32."""

    @property
    def training_bytes(self) -> int:
        """Least memory to train: micro-batches of one row."""
        return self._training_bytes(self.activation_bytes_per_token)

    @property
    def recomputing_bytes(self) -> int:
        """Least memory to train with ``train.recompute``."""
        return self._training_bytes(self.recomputed_bytes_per_token)

    @property
    def inference_bytes(self) -> int:
        """Memory to generate one sequence of ``seq_len`` tokens, in float32."""
        return FLOAT32 * self.n_parameters + self.kv_bytes

    def fits(self, budget_gb: float) -> Fits:
        """Compare with ``budget_gb``, in units of 10^9 bytes."""
        budget = budget_gb * GB
        needed = (self.training_bytes, self.recomputing_bytes, self.inference_bytes)
        return Fits(*(n_bytes <= budget for n_bytes in needed))

    def _training_bytes(self, per_token: int) -> int:
        chunks = 2 * CHUNK_BYTES  # logits, and what they come to
        best = FLOAT32 * self.n_parameters  # the best weights so far, in the host's memory
        return self.state_bytes + best + self.seq_len * per_token + chunks


class _Part(NamedTuple):
    """Parameters of one kind."""

    matrices: int  # trained by Muon, stored as int8
    rest: int  # norms and router

    def times(self, n: int) -> "_Part":
        return _Part(n * self.matrices, n * self.rest)


def describe(config: ModelConfig, n_vocab: int, seq_len: int) -> Size:
    """Work out the size of ``config`` with a tokenizer of ``n_vocab`` at ``seq_len`` tokens."""
    expert, n_mixtures, idle = _Part(0, 0), 0, 0
    if moe := config.moe:
        n_mixtures = config.n_layers - moe.n_dense_layers
        expert = _Part(3 * config.d_model * moe.d_expert, 0)
        idle = n_mixtures * (moe.n_experts - moe.n_experts_per_token) * expert.matrices
    parts = [_attention(config).times(config.n_layers), _mixture(config).times(n_mixtures)]
    parts.append(_dense(config).times(config.n_layers - n_mixtures))
    matrices = sum(part.matrices for part in parts)
    rest = sum(part.rest for part in parts) + config.d_model  # the last norm
    embedding = config.vocab_size * config.d_model * (1 if config.tied_embeddings else 2)
    n_multiplied = matrices - idle + n_mixtures * _router(config) + n_vocab * config.d_model
    return Size(
        n_parameters=embedding + matrices + rest,
        n_active=embedding + matrices + rest - idle,
        n_embedding=embedding,
        n_expert=expert.matrices,
        n_experts=n_mixtures * moe.n_experts if moe else 0,
        flops_per_token=_flops_per_token(config, n_multiplied, seq_len),
        muon_flops=_muon_flops(config),
        seq_len=seq_len,
        state_bytes=MUON_BYTES * matrices + ADAMW_BYTES * (embedding + rest),
        activation_bytes_per_token=FLOAT32 * _activations_per_token(config, seq_len),
        recomputed_bytes_per_token=_recomputed_bytes_per_token(config, seq_len),
        kv_bytes=FLOAT32 * 2 * config.n_kv_heads * config.d_head * config.n_layers * seq_len,
        int8_bytes=round(Q8_0_BYTES * (embedding + matrices)) + FLOAT32 * rest,
    )


def _attention(config: ModelConfig) -> _Part:
    """One layer's attention, and the two norms before its parts."""
    width = config.d_head * (config.n_heads + config.n_kv_heads)
    return _Part(2 * config.d_model * width, 2 * config.d_head + 2 * config.d_model)


def _dense(config: ModelConfig) -> _Part:
    return _Part(3 * config.d_model * config.d_ff, 0)


def _mixture(config: ModelConfig) -> _Part:
    if (moe := config.moe) is None:
        return _Part(0, 0)
    n_experts = moe.n_experts + moe.n_shared_experts
    return _Part(3 * config.d_model * moe.d_expert * n_experts, _router(config))


def _router(config: ModelConfig) -> int:
    return config.moe.n_experts * config.d_model if config.moe else 0


def _flops_per_token(config: ModelConfig, n_multiplied: int, seq_len: int) -> int:
    """Return ``6 P + 12 N H A``: P weights multiplied, A tokens seen, added up over the layers.

    Reference:
        Chowdhery et al. 2022 (arXiv:2204.02311), appendix B: ``6 P + 12 L N H T``. A causal token
        sees half the sequence on average, which halves our second term, and less through a window.
        We leave the embedding out of P, which is read and not multiplied, unless it is the output
        matrix too.
    """
    seen = sum(_twice_seen(config.window_of(layer), seq_len) for layer in range(config.n_layers))
    return 6 * n_multiplied + 6 * config.n_heads * config.d_head * seen


def _twice_seen(window: int | None, seq_len: int) -> int:
    """Return twice the mean number of tokens that one sees: T, or ``2 W - W^2 / T``."""
    width = seq_len if window is None else min(window, seq_len)
    return (2 * width * seq_len - width * width) // seq_len


def _muon_flops(config: ModelConfig) -> int:
    """Return ``4 m^2 n + 2 m^3`` for each matrix of m by n, m the shorter side.

    Two products of the matrix with an m by m one, and one of that with itself. Matrices of a layer
    have ``d_model`` on one side; pairs here are the other side, and how many have it.
    """
    layers, moe = config.n_layers, config.moe
    n_mixtures = layers - moe.n_dense_layers if moe else 0
    pairs = [(config.n_heads * config.d_head, 2 * layers)]
    pairs += [(config.n_kv_heads * config.d_head, 2 * layers)]
    pairs += [(config.d_ff, 3 * (layers - n_mixtures))]
    if moe:
        pairs += [(moe.d_expert, 3 * n_mixtures * moe.n_experts)]
        pairs += [(moe.n_shared_experts * moe.d_expert, 3 * n_mixtures)]
    total = 0
    for side, count in pairs:
        short, long = sorted((config.d_model, side))
        total += count * (4 * short**2 * long + 2 * short**3)
    return total


def _activations_per_token(config: ModelConfig, seq_len: int) -> int:
    """Count the numbers per token that this network keeps for its backward pass.

    What enters the last norm and the gradient of the loss add 2 D to those of the layers. Indices,
    and what a router keeps, are left out.
    """
    n_mixtures = config.n_layers - config.moe.n_dense_layers if config.moe else 0
    attention, dense, mixture = _parts(config)
    softmax = sum(_softmax_per_token(config, seq_len))
    layers = config.n_layers * attention + softmax + n_mixtures * mixture
    return 2 * config.d_model + layers + (config.n_layers - n_mixtures) * dense


def _recomputed_bytes_per_token(config: ModelConfig, seq_len: int) -> int:
    """Return what stays of a token: the inputs of both parts of each layer, and the largest part.

    A mixture keeps the input of its norm and of its experts, and where the token went: that is
    never decided again.
    """
    n_mixtures = config.n_layers - config.moe.n_dense_layers if config.moe else 0
    attention, *others = _parts(config)
    largest = max(attention + max(_softmax_per_token(config, seq_len)), *others)
    kept = config.d_model * (2 + 2 * config.n_layers + n_mixtures) + largest
    n_routes = n_mixtures * config.moe.n_experts_per_token if config.moe else 0
    return FLOAT32 * kept + ROUTE_BYTES * n_routes


def _parts(config: ModelConfig) -> tuple[int, int, int]:
    """Count what an attention, a dense feed-forward and a mixture keep; 0 where there is none.

    Each keeps what enters and leaves its norm (2 D). Attention: queries and keys before their norm
    and after their rotation, values and the mixed values (3 N H + 3 G H).
    A feed-forward, and a shared expert: the gate before and after silu, the other factor and the
    product (4 F). A chosen expert: the gate and the other factor (2 F); where a kernel computes all
    experts at once, 2 F + 2 D more.
    """
    d, moe = 2 * config.d_model, config.moe
    heads = 3 * config.d_head * (config.n_heads + config.n_kv_heads)
    dense = d + 4 * config.d_ff if moe is None or moe.n_dense_layers else 0
    if moe is None:
        return d + heads, dense, 0
    n_passed = 2 * moe.n_experts_per_token + 4 * moe.n_shared_experts
    return d + heads, dense, d + n_passed * moe.d_expert


def _softmax_per_token(config: ModelConfig, seq_len: int) -> list[int]:
    """Count, layer by layer, the weights of values that attention on a CPU keeps for a token."""
    windows = [config.window_of(layer) for layer in range(config.n_layers)]
    kept = {window: _kept_weights(window, seq_len) for window in dict.fromkeys(windows)}
    return [config.n_heads * kept[window] // seq_len for window in windows]


def _kept_weights(window: int | None, seq_len: int) -> int:
    """Count those of one head over a sequence; none where rows are long, which are computed again.

    As :mod:`alm.model.blocked` cuts a sequence: a block of queries meets all keys from its window's
    first block on.
    """
    size = min(BLOCKS[torch.float32], seq_len)
    before = seq_len if window is None else -(-(window - 1) // size) * size
    if min(before + size, seq_len) > KEEP_UP_TO:
        return 0
    total = 0
    for start in range(0, seq_len, size):
        stop = min(start + size, seq_len)
        total += (stop - start) * (stop - max(0, start - before))
    return total
