"""Find mistakes in the configuration before anything is started, not after an hour of training."""

from pathlib import Path

from alm.config import CorpusParams, Machine, ModelConfig, Params, Recipe
from alm.config.checks import choose_from
from alm.config.layers import read_layers
from alm.config.targets import BLOCK, row_widths
from alm.errors import ConfigError, InputError

MADE_BY_MAKE = ".state"  # an input in there is a stamp that make writes


def check_preset(preset: str, root: Path = Path()) -> str:
    """Read everything that building a preset would read; return the name of its corpus.

    Raises:
        ConfigError: a name is unknown, or a value or an ``ALM_*`` variable cannot be used by some
            stage, be it the last.
    """
    params = Params.load(preset, root)
    _check_widths(params.model, preset)
    check_corpus(params.corpus, root)
    _check_sources(params, CorpusParams.load(params.corpus, root).recipe, preset)
    return params.corpus


def check_corpus(corpus: str, root: Path = Path()) -> str:
    """Read everything that building a corpus would read; return its name.

    Raises:
        ConfigError: as for a preset.
    """
    Machine.load()
    CorpusParams.load(corpus, root)
    return corpus


def require_input(corpus: str, root: Path = Path()) -> None:
    """See that the text of a corpus is there.

    Raises:
        InputError: it is not; DVC would say so in other words.
    """
    path = Path(read_layers("corpora", corpus, root).own["input"])
    if path.parts[0] != MADE_BY_MAKE and not (root / path).exists():
        raise InputError(
            f"corpus {corpus!r}: expected text in {path}, found nothing; put your files there, or "
            f"change corpora.{corpus}.input in params.yaml"
        )


def _check_sources(params: Params, recipe: Recipe, preset: str) -> None:
    """Refuse shares and limits of sources that the corpus does not have."""
    known = [source.name for source in recipe.sources]
    named = {"data.mixture": params.data.mixture, "evaluate.limits": params.evaluate.limits}
    for field, names in named.items():
        if unknown := sorted(names.keys() - set(known)):
            raise ConfigError(
                f"presets.{preset}.{field}: no source {unknown[0]!r} in corpus "
                f"{params.corpus!r}; {choose_from(known)}"
            )


def _check_widths(model: ModelConfig, preset: str) -> None:
    """Refuse rows of weights that int8 blocks do not divide."""
    for name, width in row_widths(model).items():
        if width % BLOCK:
            raise ConfigError(
                f"presets.{preset}.model: expected {name} to be a multiple of {BLOCK}, which int8 "
                f"blocks need, found {width}; change the shape"
            )
