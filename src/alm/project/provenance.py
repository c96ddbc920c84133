"""Every value that a preset comes to, and the place where it is set."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

from alm.config import CorpusParams, Params
from alm.config.corpus_params import RECIPES
from alm.config.layers import PARAMS, Layers, read_layers
from alm.config.params import MODELS


@dataclass(frozen=True)
class Setting:
    """One value with its address."""

    key: str
    value: str
    origin: str
    """File, and the path of the section in it."""


def trace_preset(preset: str, root: Path = Path()) -> list[Setting]:
    """Return every setting of a preset, then those of its corpus.

    Raises:
        ConfigError: either cannot be used as written.
    """
    params, layers = Params.load(preset, root), read_layers("presets", preset, root)
    return [
        Setting("seed", str(params.seed), str(PARAMS)),
        Setting("corpus", params.corpus, f"{PARAMS}: {layers.where}"),
        Setting("model", str(layers.own["model"]), f"{PARAMS}: {layers.where}"),
        *_flatten("model", params.model, str(MODELS / f"{layers.own['model']}.yaml")),
        *_sections(params, layers),
        *trace_corpus(params.corpus, root),
    ]


def trace_corpus(corpus: str, root: Path = Path()) -> list[Setting]:
    """Return every setting of a corpus, its recipe first.

    Raises:
        ConfigError: the corpus or its recipe cannot be used as written.
    """
    params, layers = CorpusParams.load(corpus, root), read_layers("corpora", corpus, root)
    return [
        Setting("input", str(layers.own.get("input")), f"{PARAMS}: {layers.where}"),
        *_flatten("recipe", params.recipe, str(RECIPES / f"{corpus}.yaml")),
        *_sections(params, layers),
    ]


def render(settings: list[Setting]) -> str:
    """Lay settings out in three columns."""
    widths = [max(len(getattr(each, name)) for each in settings) for name in ("key", "value")]
    widths[1] = min(widths[1], 40)  # a long prompt does not push the origins off the screen
    return "\n".join(
        f"{each.key:{widths[0]}}  {each.value:{widths[1]}}  {each.origin}" for each in settings
    )


def _sections(params: Params | CorpusParams, layers: Layers) -> Iterator[Setting]:
    for name in params.SECTIONS:
        section = getattr(params, name)
        for field in fields(section):
            value = getattr(section, field.name)
            origin = layers.origin(name, field.name)
            yield Setting(f"{name}.{field.name}", _spell(value), f"{PARAMS}: {origin}")


def _flatten(prefix: str, value: object, origin: str) -> Iterator[Setting]:
    """Walk nested dataclasses and tuples of them down to plain values."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _flatten(f"{prefix}.{field.name}", getattr(value, field.name), origin)
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for place, item in enumerate(value):
            yield from _flatten(f"{prefix}.{place}", item, origin)
    else:
        yield Setting(prefix, _spell(value), origin)


def _spell(value: object) -> str:
    """Write a value as its YAML file does, on one line."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_spell, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
