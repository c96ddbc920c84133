"""The shape of a network, ``configs/models/<name>.yaml``."""

from typing import Annotated, Literal

from pydantic import Field

from alm.config.sections import Count, Flag, Positive, PositiveFloat, section
from alm.config.targets import Target, check_targets


@section
class RopeScaling:
    """Rotary positions stretched to a longer context than was trained on (YaRN)."""

    factor: Annotated[PositiveFloat, Field(gt=1)]
    """How many times longer."""
    original_seq_len: Positive
    """Tokens of the context that the unstretched network was trained on."""


@section
class WindowConfig:
    """How far most layers look back."""

    size: Positive
    """Tokens that a token attends to, itself among them."""
    full_every: Annotated[Positive, Field(ge=2)]
    """Every so-manieth layer sees everything before it; the last one always does."""


@section
class MoEConfig:
    """The mixture-of-experts part of a shape."""

    router: Literal["sigmoid", "softmax"]
    """sigmoid: each expert scored by itself, balanced by a selection bias; softmax: together."""
    n_dense_layers: Count
    """Layers before the first mixture, each with a dense feed-forward of ``d_ff``."""
    n_experts: Positive
    """Routed experts per layer (E)."""
    n_experts_per_token: Positive
    """Experts each token is sent to (K)."""
    n_shared_experts: Count
    """Experts that every token passes through, in one matrix of ``n_shared_experts * d_expert``."""
    d_expert: Positive
    """Width of one expert's hidden layer."""

    def __post_init__(self) -> None:
        """Reject numbers that each pass alone but do not fit together."""
        if self.n_experts_per_token > self.n_experts:
            raise ValueError(
                f"n_experts_per_token ({self.n_experts_per_token}) must be from 1 to n_experts "
                f"({self.n_experts})"
            )


@section
class ModelConfig:
    """Shape of the network. Two configs that compare equal build the same parameters."""

    vocab_size: Positive
    """Rows of the embedding: a ceiling. A smaller tokenizer leaves rows unused."""
    d_model: Positive
    """Width of the residual stream (D)."""
    n_layers: Positive
    n_heads: Positive
    """Query heads (N)."""
    n_kv_heads: Positive
    """Key and value heads (G), each shared by ``n_heads / n_kv_heads`` query heads."""
    d_head: Positive
    """Width of one head (H)."""
    d_ff: Positive
    """Hidden width of a dense feed-forward (F)."""
    position: Literal["rope", "alibi"]
    """rope turns queries and keys by their position; alibi lowers scores with distance."""
    rope_theta: PositiveFloat
    rope_scaling: RopeScaling | None
    window: WindowConfig | None
    """None lets every layer see all that precedes."""
    norm_eps: PositiveFloat
    tied_embeddings: Flag
    """The output matrix is the embedding."""
    targets: tuple[Target, ...]
    """Programs that must be able to load this network, and that an export is written for."""
    moe: MoEConfig | None
    """None makes every layer dense."""

    def __post_init__(self) -> None:
        """Reject sizes that each pass alone but do not fit together."""
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads ({self.n_heads}) is no multiple of n_kv_heads ({self.n_kv_heads})"
            )
        if self.d_head % 2:
            raise ValueError(f"d_head ({self.d_head}) must be even: RoPE turns pairs")
        if self.rope_scaling and self.position != "rope":
            raise ValueError(
                f"rope_scaling stretches rotary positions, and position is {self.position}; "
                "set rope_scaling: null"
            )
        if self.moe and self.moe.n_dense_layers >= self.n_layers:
            raise ValueError(
                f"moe.n_dense_layers ({self.moe.n_dense_layers}) leaves no mixture in "
                f"{self.n_layers} layers; lower it, or set moe: null"
            )
        check_targets(self)

    def window_of(self, layer: int) -> int | None:
        """Return how many tokens a layer looks back, its own among them; None where it sees all.

        Every ``full_every``-th layer does, and the last one, which has nobody to pass the rest on
        to.
        """
        if self.window is None or layer == self.n_layers - 1:
            return None
        return self.window.size if (layer + 1) % self.window.full_every else None
