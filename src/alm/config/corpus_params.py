"""One corpus of ``params.yaml`` as a single checked, frozen tree."""

from pathlib import Path
from typing import ClassVar, Self

from alm.config.layers import PARAMS, Layers, list_members, read_layers
from alm.config.recipe import Recipe
from alm.config.rule_sets import FilterConfig
from alm.config.sections import (
    DedupConfig,
    IngestConfig,
    NormalizeConfig,
    PackConfig,
    Seed,
    TokenizerConfig,
)
from alm.config.settings import TEXT_SECTIONS, TrackedSettings
from alm.errors import ConfigError

RECIPES = Path("configs/corpora")


class CorpusParams(TrackedSettings):
    """Everything about a corpus that may change its text, and nothing else."""

    SECTIONS: ClassVar[tuple[str, ...]] = TEXT_SECTIONS
    OWN: ClassVar[tuple[str, ...]] = ("input",)

    seed: Seed
    recipe: Recipe
    ingest: IngestConfig
    normalize: NormalizeConfig
    dedup: DedupConfig
    filter: FilterConfig
    tokenizer: TokenizerConfig
    pack: PackConfig

    @classmethod
    def load(cls, corpus: str, root: Path = Path()) -> Self:
        """Read ``root/params.yaml``, its corpus, and the recipe of the same name.

        Raises:
            ConfigError: the corpus or its recipe does not exist, or a key is missing, unknown or
                of the wrong type; the message names the key and the file.
        """
        layers = read_layers("corpora", corpus, root)
        _check_input(layers)
        recipe = Recipe.load(root / RECIPES / f"{corpus}.yaml")
        return cls.from_layers(layers, recipe=recipe)


def list_corpora(root: Path = Path()) -> list[str]:
    """Names of the corpora, in the order in which ``params.yaml`` gives them."""
    return list_members("corpora", root)


def _check_input(layers: Layers) -> None:
    """Require the path that ``dvc.yaml`` hands to ingest, although no section holds it."""
    found = layers.own.get("input")
    if not isinstance(found, str) or not found.strip():
        raise ConfigError(
            f"{PARAMS}: expected the path of a file or folder at {layers.where}.input, found "
            f"{found!r}; where there is no text of your own, name the corpus' recipe"
        )
