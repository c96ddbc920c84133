"""The shape of a network, ``configs/models/<name>.yaml``."""

from alm.config.sections import Count, Flag, Positive, PositiveFloat, section


@section
class MoEConfig:
    """The mixture-of-experts part of a shape."""

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
        if not 2 <= self.n_experts_per_token <= self.n_experts:
            raise ValueError(
                f"n_experts_per_token ({self.n_experts_per_token}) must be from 2 to n_experts "
                f"({self.n_experts}): weights are normalised over the chosen, so a single one "
                "would teach the router nothing"
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
    rope_theta: PositiveFloat
    norm_eps: PositiveFloat
    tied_embeddings: Flag
    """The output matrix is the embedding."""
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
        if self.moe and self.moe.n_dense_layers >= self.n_layers:
            raise ValueError(
                f"moe.n_dense_layers ({self.moe.n_dense_layers}) leaves no mixture in "
                f"{self.n_layers} layers; lower it, or set moe: null"
            )
