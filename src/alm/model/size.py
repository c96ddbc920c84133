"""How large a shape is, and what it costs, from its numbers alone.

Dimensions: V vocabulary, D d_model, N query and G key/value heads of width H, F hidden width,
E experts, K experts per token, T tokens of a sequence.
"""

from dataclasses import dataclass
from typing import NamedTuple

from alm.config import ModelConfig
from alm.model.loss import CHUNK_BYTES

GB = 10**9
FLOAT32 = 4
MUON_BYTES = 12  # weight, gradient and momentum in float32
ADAMW_BYTES = 16  # weight, gradient and two moments
Q8_0_BYTES = 34 / 32  # 32 integers of a byte, and their scale in float16


class Fits(NamedTuple):
    """What can be done within a memory budget."""

    training: bool
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
    seq_len: int
    """T of the figures that depend on it."""
    state_bytes: int
    """Weights, gradients and optimizer state."""
    activation_bytes_per_token: int
    """What the forward pass keeps for the backward pass."""
    kv_bytes_per_token: int
    int8_bytes: int
    """Q8_0: every matrix in blocks of 32 integers; norms, router and biases in float32."""

    @property
    def training_bytes(self) -> int:
        """Least memory to train: micro-batches of one row."""
        chunks = 2 * CHUNK_BYTES  # logits, and their logarithms
        return self.state_bytes + self.seq_len * self.activation_bytes_per_token + chunks

    @property
    def inference_bytes(self) -> int:
        """Memory to generate one sequence of ``seq_len`` tokens, in float32."""
        return FLOAT32 * self.n_parameters + self.seq_len * self.kv_bytes_per_token

    def fits(self, budget_gb: float) -> Fits:
        """Compare with ``budget_gb``, in units of 10^9 bytes."""
        budget = budget_gb * GB
        return Fits(self.training_bytes <= budget, self.inference_bytes <= budget)


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
        seq_len=seq_len,
        state_bytes=MUON_BYTES * matrices + ADAMW_BYTES * (embedding + rest),
        activation_bytes_per_token=FLOAT32 * _activations_per_token(config),
        kv_bytes_per_token=FLOAT32 * 2 * config.n_layers * config.n_kv_heads * config.d_head,
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
    """Return ``6 P + 6 L N H T``: P weights multiplied, L layers, attention over T/2 tokens each.

    Reference:
        Chowdhery et al. 2022 (arXiv:2204.02311), appendix B: ``6 P + 12 L N H T``. We halve the
        second term, as a causal token sees half the sequence on average, and leave the embedding
        out of P, which is read and not multiplied, unless it is the output matrix too.
    """
    attention = config.n_layers * config.n_heads * config.d_head * seq_len
    return 6 * n_multiplied + 6 * attention


def _activations_per_token(config: ModelConfig) -> int:
    """Count the numbers per token that this network keeps for its backward pass.

    A layer keeps what enters and leaves its norms (4 D); queries and keys before their norm and
    after their rotation, values and the mixed values (3 N H + 3 G H), and N logarithms of sums; of
    a feed-forward the gate before and after silu, the other factor and the product (4 F). A
    mixture keeps what its experts read and write besides (2 K D). Rows that only fill a group up,
    and indices, are left out. The last norm and the gradient of the loss add 3 D.
    """
    d, heads = config.d_model, config.n_heads + config.n_kv_heads
    layer = 4 * d + 3 * config.d_head * heads + config.n_heads
    total = 3 * d + config.n_layers * layer
    n_dense = config.n_layers
    if moe := config.moe:
        n_dense = moe.n_dense_layers
        n_passed = moe.n_experts_per_token + moe.n_shared_experts
        mixture = 4 * n_passed * moe.d_expert + 2 * moe.n_experts_per_token * d
        total += (config.n_layers - n_dense) * mixture
    return total + n_dense * 4 * config.d_ff
