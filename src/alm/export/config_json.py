"""A shape as transformers and mlx-lm write it: ``config.json``, and back.

Written by hand and not by transformers. What a reader finds missing it takes from its own defaults,
and many of those give another network without a word (``use_qk_norm``, ``partial_rotary_factor``,
``rms_norm_eps``); and transformers 5 leaves out keys that transformers 4 and mlx-lm need. So every
key is there, and where two versions spell one differently, both are.
"""

from typing import Any

from pydantic import ValidationError

from alm.checkpoint import ModelSpec
from alm.config import ModelConfig, MoEConfig
from alm.errors import InputError
from alm.export.architecture import ARCHITECTURES, QWEN3, architecture_of
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
    "rope_scaling": None,
}
FIXED_OF_QWEN3 = {"sliding_window": None, "use_sliding_window": False}
FIXED_OF_GLM4_MOE = {
    "n_group": 1,
    "norm_topk_prob": True,
    "num_nextn_predict_layers": 0,
    "partial_rotary_factor": 1.0,
    "routed_scaling_factor": 1.0,
    "topk_group": 1,
    "use_qk_norm": True,
}
NO_EFFECT = {
    "attention_dropout": 0.0,
    "dtype": "float32",
    "initializer_range": 0.02,
    "torch_dtype": "float32",
    "use_cache": True,
}
EARLIER = {  # transformers 5 no longer writes these, and takes what is here where they are absent
    "rope_scaling": None,
    "use_sliding_window": False,
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
MIXTURE = {
    "first_k_dense_replace": "n_dense_layers",
    "moe_intermediate_size": "d_expert",
    "n_routed_experts": "n_experts",
    "n_shared_experts": "n_shared_experts",
    "num_experts_per_tok": "n_experts_per_token",
}


def build_config(spec: ModelSpec) -> dict[str, Any]:
    """Return ``config.json`` of a model; its vocabulary is the tokenizer's, without spare rows."""
    config, architecture = spec.model, architecture_of(spec.model)
    special = _qwen3(config) if architecture is QWEN3 else _glm4_moe(config)
    return {
        "architectures": [architecture.class_name],
        "model_type": architecture.model_type,
        **{theirs: getattr(config, ours) for theirs, ours in SHAPE.items()},
        **FIXED,
        **NO_EFFECT,
        **SPECIAL_IDS,
        "max_position_embeddings": spec.seq_len,
        "vocab_size": spec.n_vocab,
        **special,
    }


def parse_config(values: dict[str, Any], where: str, tokenizer_sha256: str) -> ModelSpec:
    """Return the model that a ``config.json`` describes.

    Args:
        values: what the file holds, as alm or transformers 4 or 5 wrote it.
        where: the file's name, for messages.
        tokenizer_sha256: of the tokenizer beside it.

    Raises:
        InputError: it describes a network that is not ours; the message names the key.
    """
    if values.get("model_type") not in ARCHITECTURES:
        raise InputError(
            f"{where}: expected model_type {' or '.join(ARCHITECTURES)}, found "
            f"{values.get('model_type')!r}; only these two are networks of alm"
        )
    is_dense = values["model_type"] == QWEN3.model_type
    flat = {**EARLIER, **values, **_rotary_keys(values)}
    _check_fixed(flat, FIXED | (FIXED_OF_QWEN3 if is_dense else FIXED_OF_GLM4_MOE), where)
    try:
        moe = None if is_dense else MoEConfig(**_take(flat, MIXTURE, where))
        shape = {**_take(flat, SHAPE, where), **_take(flat, {"vocab_size": "vocab_size"}, where)}
        config = ModelConfig(**shape, moe=moe)
    except ValidationError as error:
        detail = error.errors()[0]
        key = ".".join(map(str, detail["loc"]))
        raise InputError(
            f"{where}: {key}: {detail['msg']}; alm cannot build such a network"
        ) from None
    (seq_len,) = _take(flat, {"max_position_embeddings": "seq_len"}, where).values()
    return ModelSpec(
        model=config,
        n_vocab=config.vocab_size,
        seq_len=seq_len,
        tokenizer_sha256=tokenizer_sha256,
    )


def _qwen3(config: ModelConfig) -> dict[str, Any]:
    return {
        **FIXED_OF_QWEN3,
        "layer_types": ["full_attention"] * config.n_layers,
        "max_window_layers": config.n_layers,
        "rope_parameters": {"rope_theta": config.rope_theta, "rope_type": "default"},
    }


def _glm4_moe(config: ModelConfig) -> dict[str, Any]:
    moe = {theirs: getattr(config.moe, ours) for theirs, ours in MIXTURE.items()}
    return {
        **FIXED_OF_GLM4_MOE,
        **moe,
        "n_shared_experts": max(1, config.moe.n_shared_experts),  # one of zeros stands for none
        "rope_parameters": {
            "partial_rotary_factor": 1.0,
            "rope_theta": config.rope_theta,
            "rope_type": "default",
        },
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
    }


def _rotary_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Return what transformers 5 keeps in ``rope_parameters``, as transformers 4 spelt it."""
    rope = values.get("rope_parameters")
    if not isinstance(rope, dict):
        return {}
    kept = {key: rope[key] for key in ("rope_theta", "partial_rotary_factor") if key in rope}
    if rope.get("rope_type", "default") != "default":
        kept["rope_scaling"] = rope
    return kept


def _check_fixed(values: dict[str, Any], fixed: dict[str, Any], where: str) -> None:
    for key, expected in fixed.items():
        if key not in values or values[key] != expected:
            found = repr(values[key]) if key in values else "nothing"
            raise InputError(
                f"{where}: expected {key} {expected!r}, found {found}; alm has no such network"
            )
    kinds = values.get("layer_types") or []
    if any(kind != "full_attention" for kind in kinds):
        raise InputError(f"{where}: expected full attention in layer_types, found {kinds}")


def _take(values: dict[str, Any], names: dict[str, str], where: str) -> dict[str, Any]:
    if missing := [theirs for theirs in names if theirs not in values]:
        raise InputError(f"{where}: expected the keys of a whole shape, without {missing[0]}")
    return {ours: values[theirs] for theirs, ours in names.items()}
