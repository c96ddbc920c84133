"""One preset of ``params.yaml`` as a single checked, frozen tree."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import TypeAdapter, ValidationError

from alm.config.checks import choose_from, explain
from alm.config.layers import list_members, read_layers
from alm.config.sections import (
    DataConfig,
    EvaluateConfig,
    ModelConfig,
    MoEConfig,
    OptimConfig,
    QuantizeConfig,
    RuntimeConfig,
    SampleConfig,
    Seed,
    TrainConfig,
)
from alm.config.settings import MODEL_SECTIONS, TrackedSettings
from alm.config.yaml import read_yaml
from alm.errors import ConfigError

MODELS = Path("configs/models")
SCRATCH = "scratch"  # the value of train.init that names no preset


class Params(TrackedSettings):
    """Everything about a preset that may change its model, and nothing else.

    Only ``main`` of a script sees the whole tree. Library code takes the one section it needs, so
    a signature tells which numbers can matter to it.
    """

    SECTIONS: ClassVar[tuple[str, ...]] = MODEL_SECTIONS

    seed: Seed
    corpus: str
    model: ModelConfig
    runtime: RuntimeConfig
    data: DataConfig
    optim: OptimConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    quantize: QuantizeConfig
    sample: SampleConfig

    @classmethod
    def load(cls, preset: str, root: Path = Path()) -> Self:
        """Read ``root/params.yaml``, its preset, and the shape that the preset names.

        Raises:
            ConfigError: the preset, its corpus, its shape or the preset it starts from does not
                exist, or a key is missing, unknown or of the wrong type.
        """
        layers = read_layers("presets", preset, root)
        names = {key: layers.own.get(key) for key in ("corpus", "model")}
        corpora = list_members("corpora", root)
        if names["corpus"] not in corpora:
            raise ConfigError(
                f"presets.{preset}.corpus: no corpus {names['corpus']!r}; {choose_from(corpora)}"
            )
        model = load_model_config(str(names["model"]), root)
        params = cls.from_layers(layers, corpus=names["corpus"], model=model)
        _check_init(preset, params.train.init, root)
        return params


def list_presets(root: Path = Path()) -> list[str]:
    """Names of the presets, in the order in which ``params.yaml`` gives them."""
    return list_members("presets", root)


def list_models(root: Path = Path()) -> list[str]:
    """Names of the shapes in ``configs/models``, sorted."""
    return sorted(path.stem for path in (root / MODELS).glob("*.yaml"))


def load_model_config(name: str, root: Path = Path()) -> ModelConfig:
    """Read one shape.

    Raises:
        ConfigError: there is no such shape, or a key is missing, unknown or of the wrong type.
    """
    path = MODELS / f"{name}.yaml"
    if name not in list_models(root):
        raise ConfigError(f"no model {name!r} in {MODELS}; {choose_from(list_models(root))}")
    known = {*ModelConfig.__dataclass_fields__, *MoEConfig.__dataclass_fields__}
    try:
        return TypeAdapter(ModelConfig).validate_python(read_yaml(root / path))
    except ValidationError as error:
        raise ConfigError(f"{path} cannot be used:\n{explain(error, known)}") from None


def _check_init(preset: str, init: str, root: Path) -> None:
    others = [name for name in list_presets(root) if name != preset]
    if init not in (SCRATCH, *others):
        raise ConfigError(
            f"presets.{preset}.train.init: expected {SCRATCH!r} or another preset, found {init!r}; "
            f"{choose_from([SCRATCH, *others])}"
        )
