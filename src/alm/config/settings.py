"""A settings tree whose values come from YAML alone."""

from typing import Any, ClassVar, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from alm.config.checks import explain
from alm.config.layers import GROUPS, PARAMS, Layers
from alm.errors import ConfigError

TEXT_SECTIONS = ("ingest", "normalize", "dedup", "filter", "tokenizer", "pack")
MODEL_SECTIONS = ("runtime", "data", "optim", "train", "evaluate", "quantize", "sample")
SHARED = ("seed", *TEXT_SECTIONS, *MODEL_SECTIONS)


class TrackedSettings(BaseSettings):
    """Parameters that may change a result: frozen, strict, every key known."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")
    SECTIONS: ClassVar[tuple[str, ...]]
    """Sections that a member of the group overrides."""
    OWN: ClassVar[tuple[str, ...]]
    """Keys that a member has besides."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Drop the environment: DVC cannot see it, so it must not reach a result."""
        return (init_settings,)

    @classmethod
    def from_layers(cls, layers: Layers, **rest: Any) -> Self:  # noqa: ANN401
        """Build the tree from a member's layers and what the caller loaded besides.

        Raises:
            ConfigError: a key is missing, unknown, of the wrong type or at odds with another; the
                message names each such key.
        """
        layers.refuse_unknown((*SHARED, *GROUPS), (*cls.OWN, *cls.SECTIONS))
        sections = {name: layers.section(name) for name in cls.SECTIONS}
        try:
            return cls(seed=layers.shared.get("seed"), **sections, **rest)
        except ValidationError as error:
            problems = explain(error, cls._known_fields(), layers.origin)
            raise ConfigError(f"{PARAMS}: {layers.where} cannot be used:\n{problems}") from None

    @classmethod
    def _known_fields(cls) -> set[str]:
        types = [cls.model_fields[name].annotation for name in cls.SECTIONS]
        return {field for each in types for field in each.__dataclass_fields__}
