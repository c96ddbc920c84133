"""``config.json`` back into a shape, where it describes a network of ours."""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from alm.checkpoint import ModelSpec
from alm.config import ModelConfig, MoEConfig, WindowConfig, reachable_targets
from alm.errors import InputError
from alm.export.architecture import ARCHITECTURES, GLM4_MOE, QWEN3, QWEN3_MOE, Architecture
from alm.export.config_json import (
    FIXED,
    FIXED_OF_GLM4_MOE,
    FIXED_OF_QWEN3_MOE,
    MIXTURE_OF_GLM4_MOE,
    MIXTURE_OF_QWEN3_MOE,
    NO_WINDOW,
    SHAPE,
    list_layer_types,
    weighs_by_share,
)
from alm.export.rope_json import flatten_rope, parse_scaling

EARLIER = {  # transformers 5 no longer writes these, and takes what is here where they are absent
    "rope_scaling": None,
    "use_sliding_window": False,
}
FIXED_OF = {
    QWEN3: FIXED,
    QWEN3_MOE: FIXED | FIXED_OF_QWEN3_MOE | NO_WINDOW,
    GLM4_MOE: FIXED | FIXED_OF_GLM4_MOE,
}
FULL = "full_attention"


def parse_config(values: dict[str, Any], where: str, tokenizer_sha256: str) -> ModelSpec:
    """Return the model that a ``config.json`` describes; its targets are all that it can reach.

    Args:
        values: what the file holds, as alm or transformers 4 or 5 wrote it.
        where: the file's name, for messages.
        tokenizer_sha256: of the tokenizer beside it.

    Raises:
        InputError: it describes a network that is not ours; the message names the key.
    """
    if values.get("model_type") not in list(ARCHITECTURES):  # it may be unhashable
        raise InputError(
            f"{where}: expected model_type {' or '.join(ARCHITECTURES)}, found "
            f"{values.get('model_type')!r}; only these are networks of alm"
        )
    architecture = ARCHITECTURES[values["model_type"]]
    flat = {**EARLIER, **values, **flatten_rope(values)}
    _check_fixed(flat, FIXED_OF[architecture], where)
    try:
        config = _build(flat, architecture, where)
    except ValidationError as error:
        detail = error.errors()[0]
        key = ".".join(map(str, detail["loc"]))
        raise InputError(
            f"{where}: {key}: {detail['msg']}; alm cannot build such a network"
        ) from None
    (seq_len,) = _take(flat, {"max_position_embeddings": "seq_len"}, where).values()
    return ModelSpec(
        model=replace(config, targets=reachable_targets(config)),
        n_vocab=config.vocab_size,
        seq_len=seq_len,
        tokenizer_sha256=tokenizer_sha256,
    )


def _build(flat: dict[str, Any], architecture: Architecture, where: str) -> ModelConfig:
    read = {QWEN3: _no_mixture, QWEN3_MOE: _softmax_mixture, GLM4_MOE: _sigmoid_mixture}
    config = ModelConfig(
        **_take(flat, {**SHAPE, "vocab_size": "vocab_size"}, where),
        position="rope",
        rope_scaling=parse_scaling(flat["rope_scaling"], where),
        window=None,
        targets=(),
        moe=read[architecture](flat, where),
    )
    return _add_window(config, flat, where)


def _no_mixture(flat: dict[str, Any], where: str) -> None:
    return None


def _softmax_mixture(flat: dict[str, Any], where: str) -> MoEConfig:
    if "num_experts" not in flat and "num_local_experts" in flat:
        flat = {**flat, "num_experts": flat["num_local_experts"]}
    dense = flat.get("mlp_only_layers") or []
    _check_fixed({"mlp_only_layers": dense}, {"mlp_only_layers": list(range(len(dense)))}, where)
    taken = _take(flat, MIXTURE_OF_QWEN3_MOE, where)
    moe = MoEConfig(router="softmax", n_dense_layers=len(dense), n_shared_experts=0, **taken)
    return _check_weights(moe, flat, where)


def _sigmoid_mixture(flat: dict[str, Any], where: str) -> MoEConfig:
    moe = MoEConfig(router="sigmoid", **_take(flat, MIXTURE_OF_GLM4_MOE, where))
    return _check_weights(moe, flat, where)


def _check_weights(moe: MoEConfig, flat: dict[str, Any], where: str) -> MoEConfig:
    _check_fixed(flat, {"norm_topk_prob": weighs_by_share(moe.n_experts_per_token)}, where)
    return moe


def _add_window(config: ModelConfig, flat: dict[str, Any], where: str) -> ModelConfig:
    """Find the period after which a layer sees everything, from the list of all layers."""
    kinds = flat.get("layer_types") or [FULL] * config.n_layers
    if kinds == [FULL] * config.n_layers:
        if config.moe is None:
            _check_fixed(flat, NO_WINDOW, where)
        return config
    for period in range(2, config.n_layers + 1):
        window = WindowConfig(size=flat.get("sliding_window"), full_every=period)
        windowed = replace(config, window=window)
        if list_layer_types(windowed) == kinds and config.moe is None:
            return windowed
    raise InputError(
        f"{where}: expected layer_types with full attention in every layer, or at even distances "
        f"and in the last of a dense network, found {kinds}; alm has no such network"
    )


def _check_fixed(values: dict[str, Any], fixed: dict[str, Any], where: str) -> None:
    for key, expected in fixed.items():
        if key not in values or values[key] != expected:
            found = repr(values[key]) if key in values else "nothing"
            raise InputError(
                f"{where}: expected {key} {expected!r}, found {found}; alm has no such network"
            )


def _take(values: dict[str, Any], names: dict[str, str], where: str) -> dict[str, Any]:
    if missing := [theirs for theirs in names if theirs not in values]:
        raise InputError(f"{where}: expected the keys of a whole shape, without {missing[0]}")
    return {ours: values[theirs] for theirs, ours in names.items()}
