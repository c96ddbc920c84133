"""The peers' side: the same networks in transformers, trained as its users do, with AdamW."""

from collections.abc import Callable

import torch
import transformers
from contender import Contender
from machine import resident_bytes
from torch import Tensor, nn
from transformers import (
    Glm4MoeConfig,
    Glm4MoeForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)
from turn import Turn

from alm.config import ModelConfig, Params
from alm.runtime import Numerics


def train_by_turns(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Train on noise, a step each turn."""
    transformers.logging.set_verbosity_error()
    turn = Turn(numerics.device, precision=numerics.precision, loaded=resident_bytes())
    model = build_peer(params.model, contender.seq_len).to(numerics.device)
    if contender.loops:  # which autocast knows of, as it does not of transformers' default
        model.set_experts_implementation("eager")
    forward = torch.compile(model) if contender.compiled else model
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=params.optim.betas, weight_decay=0.1, fused=True
    )
    shape = (contender.rows, contender.seq_len)
    rows_BT = torch.randint(params.model.vocab_size, shape)
    while True:
        turn.next()
        accumulate(forward, rows_BT, contender.micro_rows, numerics)
        nn.utils.clip_grad_norm_(model.parameters(), params.train.grad_clip)
        optimizer.step()
        optimizer.zero_grad()


def accumulate(
    forward: Callable[..., object], rows_BT: Tensor, micro_rows: int, numerics: Numerics
) -> None:
    """Add up the gradient of a step over its micro-batches."""
    parts = rows_BT.split(micro_rows)
    for part_BT in parts:
        ids_BT = part_BT.to(numerics.device)
        with autocast(numerics):
            loss = forward(input_ids=ids_BT, labels=ids_BT, use_cache=False).loss
        (loss / len(parts)).backward()


def autocast(numerics: Numerics) -> torch.autocast:
    """Return torch's own autocast to the precision of a run."""
    is_low = numerics.precision != "float32"
    dtype = getattr(torch, numerics.precision) if is_low else torch.bfloat16
    return torch.autocast(numerics.device, dtype=dtype, enabled=is_low)


def build_peer(config: ModelConfig, seq_len: int) -> nn.Module:
    """Return the network of transformers that computes what ours does."""
    shared = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tied_embeddings,
        "max_position_embeddings": seq_len,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
    }
    if config.moe is None:
        return Qwen3ForCausalLM(Qwen3Config(**shared))
    shared |= {
        "moe_intermediate_size": config.moe.d_expert,
        "num_experts_per_tok": config.moe.n_experts_per_token,
        "norm_topk_prob": True,
    }
    build = _build_softmax if config.moe.router == "softmax" else _build_sigmoid
    return build(config, shared)


def _build_sigmoid(config: ModelConfig, shared: dict) -> nn.Module:
    """Return a Glm4Moe, which has shared experts and dense layers before the mixtures."""
    shared["rope_parameters"] |= {"partial_rotary_factor": 1.0}
    return Glm4MoeForCausalLM(
        Glm4MoeConfig(
            **shared,
            first_k_dense_replace=config.moe.n_dense_layers,
            n_routed_experts=config.moe.n_experts,
            n_shared_experts=config.moe.n_shared_experts,
            n_group=1,
            topk_group=1,
            use_qk_norm=True,
        )
    )


def _build_softmax(config: ModelConfig, shared: dict) -> nn.Module:
    """Return a Qwen3Moe; its loss of balance is left out, which makes it a little faster."""
    return Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            **shared,
            num_experts=config.moe.n_experts,
            mlp_only_layers=list(range(config.moe.n_dense_layers)),
        )
    )
