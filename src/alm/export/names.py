"""What others call our tensors, in the order in which files hold them."""

from collections.abc import Iterator
from typing import NamedTuple

from alm.config import ModelConfig
from alm.export.architecture import GLM4_MOE, QWEN3, architecture_of

FEED_FORWARD = ("gate", "up", "down")
BIAS = "exp_probs_b.bias"
STACKS = {"gate": "w_gate_EFD", "up": "w_up_EFD", "down": "w_down_EDF"}


class Tensor(NamedTuple):
    """A tensor of another tool's file, and where it comes from."""

    name: str
    """Theirs."""
    source: str | None
    """Ours; None for zeros, where their network has a part that ours does without."""
    expert: int | None = None
    """Which matrix of a stack it is; None takes the tensor whole."""


def huggingface_tensors(config: ModelConfig) -> Iterator[Tensor]:
    """Yield the tensors of the directory's architecture, experts one by one.

    A tied Glm4Moe gets its output matrix all the same: transformers ties it and ignores the copy,
    mlx-lm and vLLM read it. A tied Qwen3 or Qwen3Moe must not have it.
    """
    yield Tensor("model.embed_tokens.weight", "embed.weight")
    for layer in range(config.n_layers):
        for name, source, expert in _huggingface_layer(config, layer):
            ours = source and f"blocks.{layer}.{source}"
            yield Tensor(f"model.layers.{layer}.{name}", ours, expert)
    yield Tensor("model.norm.weight", "norm.weight")
    if not config.tied_embeddings:
        yield Tensor("lm_head.weight", "head.weight")
    elif architecture_of(config) is GLM4_MOE:
        yield Tensor("lm_head.weight", "embed.weight")


def gguf_tensors(config: ModelConfig) -> Iterator[Tensor]:
    """Yield the tensors of llama.cpp's ``qwen3`` or ``glm4moe``, experts in stacks as ours are."""
    yield Tensor("token_embd.weight", "embed.weight")
    for layer in range(config.n_layers):
        for name, source, _ in _gguf_layer(config, layer):
            yield Tensor(f"blk.{layer}.{name}", source and f"blocks.{layer}.{source}")
    yield Tensor("output_norm.weight", "norm.weight")
    if not config.tied_embeddings:
        yield Tensor("output.weight", "head.weight")


def is_mixture(config: ModelConfig, layer: int) -> bool:
    """Whether a layer has experts."""
    return config.moe is not None and layer >= config.moe.n_dense_layers


def _huggingface_layer(config: ModelConfig, layer: int) -> Iterator[Tensor]:
    yield Tensor("input_layernorm.weight", "attention_norm.weight")
    for part in "qkvo":
        yield Tensor(f"self_attn.{part}_proj.weight", f"attention.{part}.weight")
    for part in "qk":
        yield Tensor(f"self_attn.{part}_norm.weight", f"attention.{part}_norm.weight")
    yield Tensor("post_attention_layernorm.weight", "feed_forward_norm.weight")
    if is_mixture(config, layer):
        yield from _huggingface_mixture(config)
        return
    for part in FEED_FORWARD:
        yield Tensor(f"mlp.{part}_proj.weight", f"feed_forward.{part}.weight")


def _huggingface_mixture(config: ModelConfig) -> Iterator[Tensor]:
    yield Tensor("mlp.gate.weight", "feed_forward.router.weight")
    is_glm = architecture_of(config) is GLM4_MOE
    if is_glm:
        yield Tensor("mlp.gate.e_score_correction_bias", _selection_bias(config))
    for expert in range(config.moe.n_experts):
        for part in FEED_FORWARD:
            stack = f"feed_forward.experts.{STACKS[part]}"
            yield Tensor(f"mlp.experts.{expert}.{part}_proj.weight", stack, expert)
    for part in FEED_FORWARD if is_glm else ():
        yield Tensor(f"mlp.shared_experts.{part}_proj.weight", _shared(config, part))


def _gguf_layer(config: ModelConfig, layer: int) -> Iterator[Tensor]:
    yield Tensor("attn_norm.weight", "attention_norm.weight")
    for part in "qkv":
        yield Tensor(f"attn_{part}.weight", f"attention.{part}.weight")
    yield Tensor("attn_output.weight", "attention.o.weight")
    for part in "qk":
        yield Tensor(f"attn_{part}_norm.weight", f"attention.{part}_norm.weight")
    is_qwen = architecture_of(config) is QWEN3
    norm = "ffn_norm.weight" if is_qwen else "post_attention_norm.weight"
    yield Tensor(norm, "feed_forward_norm.weight")
    if is_mixture(config, layer):
        yield from _gguf_mixture(config)
        return
    for part in FEED_FORWARD:
        yield Tensor(f"ffn_{part}.weight", f"feed_forward.{part}.weight")


def _gguf_mixture(config: ModelConfig) -> Iterator[Tensor]:
    yield Tensor("ffn_gate_inp.weight", "feed_forward.router.weight")
    yield Tensor(BIAS, _selection_bias(config))
    for part in FEED_FORWARD:
        yield Tensor(f"ffn_{part}_exps.weight", f"feed_forward.experts.{STACKS[part]}")
    for part in FEED_FORWARD:
        yield Tensor(f"ffn_{part}_shexp.weight", _shared(config, part))


def _selection_bias(config: ModelConfig) -> str | None:
    return "feed_forward.router.selection_bias" if config.moe.router == "sigmoid" else None


def _shared(config: ModelConfig, part: str) -> str | None:
    return f"feed_forward.shared.{part}.weight" if config.moe.n_shared_experts else None
