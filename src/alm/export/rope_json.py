"""Rotary positions as ``config.json`` spells them.

transformers 5 keeps them in ``rope_parameters``; transformers 4 and mlx-lm read ``rope_theta`` and
``rope_scaling``. A file of ours has both.
"""

from typing import Any

from alm.config import ModelConfig, RopeScaling
from alm.errors import InputError

PLAIN = "default"
STRETCHED = "yarn"
RAMP = {"beta_fast": 32.0, "beta_slow": 1.0}  # as the network has them
GUESSED = {"attention_factor": None, "mscale": None, "mscale_all_dim": None, "truncate": True}
ORIGINAL = "original_max_position_embeddings"


def build_rope(config: ModelConfig, whole: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that tell how positions turn.

    Args:
        config: the shape.
        whole: ``{"partial_rotary_factor": 1.0}`` where a reader would turn half of each head.
    """
    parameters: dict[str, Any] = {"rope_type": PLAIN}
    if (scaling := config.rope_scaling) is not None:
        stretch = {"factor": scaling.factor, ORIGINAL: scaling.original_seq_len}
        parameters = {"rope_type": STRETCHED, **stretch, **RAMP}
    parameters |= {"rope_theta": config.rope_theta, **whole}
    return {
        "rope_parameters": parameters,
        "rope_scaling": None if scaling is None else parameters,
        "rope_theta": config.rope_theta,
        **whole,
    }


def flatten_rope(values: dict[str, Any]) -> dict[str, Any]:
    """Return what transformers 5 keeps in ``rope_parameters``, as transformers 4 spelt it."""
    rope = values.get("rope_parameters")
    if not isinstance(rope, dict):
        return {}
    kept = {key: rope[key] for key in ("rope_theta", "partial_rotary_factor") if key in rope}
    if rope.get("rope_type", PLAIN) != PLAIN:
        kept["rope_scaling"] = rope
    return kept


def parse_scaling(scaling: object, where: str) -> RopeScaling | None:
    """Return how positions are stretched, from ``rope_scaling``; None where they are not.

    Raises:
        InputError: in a way that alm does not have; the message names the key.
        ValidationError: a number is out of range.
    """
    if scaling is None:
        return None
    if not isinstance(scaling, dict) or scaling.get("rope_type") != STRETCHED:
        raise InputError(
            f"{where}: expected rope_scaling null or of rope_type {STRETCHED}, found {scaling!r}; "
            "alm has no such network"
        )
    for key, expected in (RAMP | GUESSED).items():
        if scaling.get(key, expected) != expected:
            raise InputError(
                f"{where}: expected {key} {expected!r} in rope_scaling, found {scaling[key]!r}; "
                "alm has no such network"
            )
    return RopeScaling(factor=scaling.get("factor"), original_seq_len=scaling.get(ORIGINAL))
