"""A shape as transformers and mlx-lm write it: ``config.json``.

Written by hand and not by transformers. What a reader finds missing it takes from its own defaults,
and many of those give another network without a word (``use_qk_norm``, ``partial_rotary_factor``,
``rms_norm_eps``); and transformers 5 leaves out keys that transformers 4 and mlx-lm need. So every
key is there, and where two versions spell one differently, both are.
"""

from typing import Any

from alm.checkpoint import ModelSpec
from alm.config import ModelConfig
from alm.export.architecture import GLM4_MOE, QWEN3, QWEN3_MOE, architecture_of
from alm.export.rope_json import build_rope
from alm.tokenizer import BOS_ID, CONTROL_IDS, EOS_ID, PAD_ID

END_OF_TURN = "<|end|>"
SPECIAL_IDS = {
    "bos_token_id": BOS_ID,
    "eos_token_id": [EOS_ID, CONTROL_IDS[END_OF_TURN]],
    "pad_token_id": PAD_ID,
}
FIXED = {  # what our network always is; a file that says otherwise describes another one
    "attention_bias": False,
    "hidden_act": "silu",
}
NO_WINDOW = {"sliding_window": None, "use_sliding_window": False}
FIXED_OF_QWEN3_MOE = {"decoder_sparse_step": 1}
FIXED_OF_GLM4_MOE = {
    "n_group": 1,
    "num_nextn_predict_layers": 0,
    "partial_rotary_factor": 1.0,
    "routed_scaling_factor": 1.0,
    "topk_group": 1,
    "use_qk_norm": True,
}
WHOLE_HEADS = {"partial_rotary_factor": 1.0}
NO_EFFECT = {
    "attention_dropout": 0.0,
    "dtype": "float32",
    "initializer_range": 0.02,
    "torch_dtype": "float32",
    "use_cache": True,
}
SHAPE = {  # theirs -> ours
    "head_dim": "d_head",
    "hidden_size": "d_model",
    "intermediate_size": "d_ff",
    "num_attention_heads": "n_heads",
    "num_hidden_layers": "n_layers",
    "num_key_value_heads": "n_kv_heads",
    "rms_norm_eps": "norm_eps",
    "rope_theta": "rope_theta",
    "tie_word_embeddings": "tied_embeddings",
}
MIXTURE = {"moe_intermediate_size": "d_expert", "num_experts_per_tok": "n_experts_per_token"}
MIXTURE_OF_QWEN3_MOE = {**MIXTURE, "num_experts": "n_experts"}
MIXTURE_OF_GLM4_MOE = {
    **MIXTURE,
    "first_k_dense_replace": "n_dense_layers",
    "n_routed_experts": "n_experts",
    "n_shared_experts": "n_shared_experts",
}


def build_config(spec: ModelSpec) -> dict[str, Any]:
    """Return ``config.json`` of a model; its vocabulary is the tokenizer's, without spare rows."""
    config, architecture = spec.model, architecture_of(spec.model)
    build = {QWEN3: _qwen3, QWEN3_MOE: _qwen3_moe, GLM4_MOE: _glm4_moe}[architecture]
    return {
        "architectures": [architecture.class_name],
        "model_type": architecture.model_type,
        **_take(config, SHAPE),
        **FIXED,
        **NO_EFFECT,
        **SPECIAL_IDS,
        "max_position_embeddings": spec.seq_len,
        "vocab_size": spec.n_vocab,
        **build(config),
    }


def weighs_by_share(n_experts_per_token: int) -> bool:
    """Whether weights are rescaled to sum to 1: only where a token has several."""
    return n_experts_per_token > 1


def list_layer_types(config: ModelConfig) -> list[str]:
    """Return how far each layer looks back, in their words."""
    windows = [config.window_of(layer) for layer in range(config.n_layers)]
    return ["full_attention" if each is None else "sliding_attention" for each in windows]


def _qwen3(config: ModelConfig) -> dict[str, Any]:
    window = NO_WINDOW
    if config.window is not None:
        window = {"sliding_window": config.window.size, "use_sliding_window": True}
    return {
        **window,
        "layer_types": list_layer_types(config),
        "max_window_layers": config.n_layers,
        **build_rope(config, {}),
    }


def _qwen3_moe(config: ModelConfig) -> dict[str, Any]:
    return {
        **FIXED_OF_QWEN3_MOE,
        **NO_WINDOW,
        **_take(config.moe, MIXTURE_OF_QWEN3_MOE),
        "max_window_layers": config.n_layers,
        "mlp_only_layers": list(range(config.moe.n_dense_layers)),
        "norm_topk_prob": weighs_by_share(config.moe.n_experts_per_token),
        "num_local_experts": config.moe.n_experts,
        "output_router_logits": False,
        "router_aux_loss_coef": 0.0,
        **build_rope(config, {}),
    }


def _glm4_moe(config: ModelConfig) -> dict[str, Any]:
    return {
        **FIXED_OF_GLM4_MOE,
        **_take(config.moe, MIXTURE_OF_GLM4_MOE),
        "n_shared_experts": max(1, config.moe.n_shared_experts),  # one of zeros stands for none
        "norm_topk_prob": weighs_by_share(config.moe.n_experts_per_token),
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
        **build_rope(config, WHOLE_HEADS),
    }


def _take(section: object, names: dict[str, str]) -> dict[str, Any]:
    return {theirs: getattr(section, ours) for theirs, ours in names.items()}
