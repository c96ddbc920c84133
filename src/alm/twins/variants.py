"""Who is compared: a mixture, and the dense networks that have its size."""

from dataclasses import dataclass
from pathlib import Path

from alm.config import ModelConfig, list_models, load_model_config
from alm.config.layers import read_layers
from alm.config.params import MODELS
from alm.errors import ConfigError
from alm.model import Size, describe

MIXTURE, ACTIVE, TOTAL = "moe", "active", "total"
TWINS = {  # variant -> name of its shape, and what it has in common with the mixture
    ACTIVE: ("dense_{}", "active size"),
    TOTAL: ("dense_{}_total", "total size"),
}
TOLERANCE = 0.02  # by which the parameters of twins may differ


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One of the networks."""

    name: str
    """``moe``; ``active`` or ``total`` for the dense twin of equal active or total size."""
    model: str
    """Name of its shape in ``configs/models``."""
    shape: ModelConfig


def load_variants(preset: str, root: Path = Path()) -> dict[str, Variant]:
    """Return the mixture of a preset and its dense twins, by name.

    Raises:
        ConfigError: the preset's shape is no mixture, a twin's is absent, is one, or has another
            size than it should.
    """
    model = read_layers("presets", preset, root).own["model"]
    mixture = Variant(name=MIXTURE, model=model, shape=load_model_config(model, root))
    if mixture.shape.moe is None:
        raise ConfigError(
            f"{MODELS / model}.yaml: expected a mixture, whose twins are dense, found moe: null; "
            "name a preset with experts"
        )
    return {MIXTURE: mixture, **{name: _load_twin(name, mixture, root) for name in TWINS}}


def _load_twin(name: str, mixture: Variant, root: Path) -> Variant:
    pattern, kind = TWINS[name]
    model = pattern.format(mixture.model)
    path = MODELS / f"{model}.yaml"
    if model not in list_models(root):
        raise ConfigError(
            f"expected {path}, the dense twin of {mixture.model} of equal {kind}, found no such "
            f"file; add it: {mixture.model}.yaml with moe: null and a d_ff that gives that size"
        )
    twin = Variant(name=name, model=model, shape=load_model_config(model, root))
    if twin.shape.moe:
        raise ConfigError(f"{path}: expected a dense network, found a mixture; write moe: null")
    wanted, found = _compared(_size(mixture), name), _compared(_size(twin), name)
    if abs(found / wanted - 1) > TOLERANCE:
        raise ConfigError(
            f"{path}: expected the {kind} of {mixture.model}, {wanted:,} parameters within "
            f"{TOLERANCE:.0%}, found {found:,}; change d_ff"
        )
    return twin


def _compared(size: Size, name: str) -> int:
    return size.n_active if name == ACTIVE else size.n_parameters


def _size(variant: Variant) -> Size:
    return describe(variant.shape, variant.shape.vocab_size, seq_len=1)
