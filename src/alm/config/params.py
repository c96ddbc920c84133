"""One preset of ``params.yaml`` as a single checked, frozen tree."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter, ValidationError

from alm.config.checks import choose_from, explain
from alm.config.layers import PARAMS, Layers, list_members, read_layers
from alm.config.sections import (
    DataConfig,
    EvaluateConfig,
    OptimConfig,
    QuantizeConfig,
    RuntimeConfig,
    SampleConfig,
    Seed,
    TrainConfig,
)
from alm.config.settings import MODEL_SECTIONS, TrackedSettings
from alm.config.shape import ModelConfig, MoEConfig, RopeScaling, WindowConfig
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
    OWN: ClassVar[tuple[str, ...]] = ("corpus", "model")

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
                exist, presets start from each other in a circle, or a key is missing, unknown or
                of the wrong type.
        """
        layers = read_layers("presets", preset, root)
        corpus = _choose(layers, "corpus", layers.members["corpora"])
        model = load_model_config(_choose(layers, "model", list_models(root)), root)
        params = cls.from_layers(layers, corpus=corpus, model=model)
        _check_init(layers, params.train.init)
        _check_line(preset, read_yaml(root / PARAMS)["presets"])
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
    sections = (ModelConfig, MoEConfig, RopeScaling, WindowConfig)
    known = {name for section in sections for name in section.__dataclass_fields__}
    try:
        return TypeAdapter(ModelConfig).validate_python(read_yaml(root / path))
    except ValidationError as error:
        raise ConfigError(f"{path} cannot be used:\n{explain(error, known)}") from None


def _choose(layers: Layers, key: str, known: list[str]) -> str:
    found = layers.own.get(key)
    if found not in known:
        raise ConfigError(
            f"{PARAMS}: {layers.where}.{key}: no {key} {found!r}; {choose_from(known)}"
        )
    return found


def _check_init(layers: Layers, init: str) -> None:
    presets = layers.members["presets"]
    if SCRATCH in presets:
        raise ConfigError(
            f"{PARAMS}: presets.{SCRATCH}: in train.init that name means no preset; rename it"
        )
    key = f"{layers.where}.train.init"
    if "init" not in layers.own["train"]:
        raise ConfigError(f"{PARAMS}: {key}: missing; write it here: dvc.yaml reads it")
    others = [name for name in presets if f"presets.{name}" != layers.where]
    if init not in (SCRATCH, *others):
        raise ConfigError(
            f"{PARAMS}: {key}: expected {SCRATCH!r} or another preset, found {init!r}; "
            f"{choose_from([SCRATCH, *others])}"
        )


def _check_line(preset: str, presets: dict[str, Any]) -> None:
    """Follow ``train.init`` from preset to preset, which must end at one that starts afresh."""
    line = [preset]
    while (start := _start_of(presets, line[-1])) in presets:
        if start in line:
            raise ConfigError(
                f"{PARAMS}: presets.{preset}.train.init: expected a line of presets that begins "
                f"with {SCRATCH!r}, found a circle, {' <- '.join([*line, start])}; set "
                f"train.init of one of them to {SCRATCH!r}"
            )
        line.append(start)


def _start_of(presets: dict[str, Any], name: str) -> str:
    """Return what a preset starts from; what else is wrong with it is told when it is loaded."""
    train = presets[name].get("train") if isinstance(presets[name], dict) else None
    start = train.get("init") if isinstance(train, dict) else None
    return start if isinstance(start, str) else SCRATCH
