"""What someone who asks a model by hand wants otherwise than its preset says."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

from alm.config import SampleConfig
from alm.errors import ConfigError

SEEDS = range(2**63)  # as in params.yaml
_KINDS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Choices:
    """Limits, chance and number of the continuations of one prompt."""

    config: SampleConfig
    seed: int | None
    """None takes the likeliest token each time."""
    n: int

    @classmethod
    def parse(cls, words: Sequence[str], config: SampleConfig, seed: int) -> Self:
        """Read ``name=value`` words over what the preset says.

        A name is a number of the section ``sample``, ``seed``, or ``n``, the number of
        continuations. ``temperature=0`` takes the likeliest token each time.

        Raises:
            ConfigError: a name is unknown, or a value is none for it.
        """
        chosen = dict(word.partition("=")[::2] for word in words)
        n = _parse_count("n", chosen.pop("n", "1"), range(1, 2**31))
        seed = _parse_count("seed", chosen.pop("seed", str(seed)), SEEDS)
        numbers = {name: _parse_number(name, text, config) for name, text in chosen.items()}
        if numbers.get("temperature") != 0:
            return cls(_replace(config, numbers), seed, n)
        if n > 1:
            raise ConfigError(
                f"expected n=1 at temperature 0, where all continuations are alike, found n={n}; "
                "raise the temperature"
            )
        del numbers["temperature"]
        return cls(_replace(config, numbers), None, n)


def _replace(config: SampleConfig, numbers: dict[str, float]) -> SampleConfig:
    try:
        return replace(config, **numbers)
    except ValueError as error:
        wrong = [f"{detail['loc'][0]}: {detail['msg']}" for detail in error.errors()]
        raise ConfigError(f"expected other numbers, found {'; '.join(wrong)}") from None


def _parse_number(name: str, text: str, config: SampleConfig) -> float:
    """Read a value as the kind of number that the preset has in its place."""
    kinds = {field.name: type(getattr(config, field.name)) for field in fields(config)}
    numbers = [each for each, kind in kinds.items() if kind in (int, float)]
    if name not in numbers:
        raise ConfigError(f"no choice {name!r}; choose from: n, seed, {', '.join(numbers)}")
    try:
        return kinds[name](text)
    except ValueError:
        raise ConfigError(
            f"expected {name} to be {_KINDS[kinds[name]]}, found {text!r}; change it"
        ) from None


def _parse_count(name: str, text: str, allowed: range) -> int:
    """Read a whole number in ASCII digits."""
    if not (text.isascii() and text.isdecimal() and int(text) in allowed):
        raise ConfigError(
            f"expected {name} to be a whole number of at least {allowed.start} and below "
            f"{allowed.stop}, found {text!r}; change it"
        )
    return int(text)
