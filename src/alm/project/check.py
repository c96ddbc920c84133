"""Find mistakes in the configuration before anything is started, not after an hour of training."""

from pathlib import Path

from alm.config import CorpusParams, Machine, ModelConfig, Params, Recipe
from alm.config.checks import choose_from
from alm.config.layers import read_layers
from alm.errors import ConfigError, InputError

BLOCK = 32  # weights in an int8 block; alm.quant has it too, but takes seconds to load
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
    _check_mixture(params, CorpusParams.load(params.corpus, root).recipe, preset)
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


def _check_mixture(params: Params, recipe: Recipe, preset: str) -> None:
    """Refuse shares of sources that the corpus does not have."""
    known = [source.name for source in recipe.sources]
    if unknown := sorted(params.data.mixture.keys() - set(known)):
        raise ConfigError(
            f"presets.{preset}.data.mixture: no source {unknown[0]!r} in corpus "
            f"{params.corpus!r}; {choose_from(known)}"
        )


def _check_widths(model: ModelConfig, preset: str) -> None:
    """Refuse rows of weights that int8 blocks do not divide."""
    widths = {"d_model": model.d_model, "n_heads * d_head": model.n_heads * model.d_head}
    widths["d_ff"] = model.d_ff
    if model.moe:
        widths["moe.d_expert"] = model.moe.d_expert
    for name, width in widths.items():
        if width % BLOCK:
            raise ConfigError(
                f"presets.{preset}.model: expected {name} to be a multiple of {BLOCK}, which int8 "
                f"blocks need, found {width}; change the shape"
            )
