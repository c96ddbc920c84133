"""What alm stands on: every installed package that its own requirements ask for."""

import functools
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Self

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from alm.config.yaml import read_yaml
from alm.errors import ConfigError

RULES = Path("configs/supply.yaml")
PYPROJECT = Path("pyproject.toml")
OWN_NAME = "alm"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """``configs/supply.yaml``, checked."""

    accepted: tuple[str, ...]
    """Licences, by their SPDX identifiers."""
    spelled: dict[str, str]
    """What metadata says -> SPDX identifier."""
    stated: dict[str, str]
    """Package -> SPDX expression, where its metadata says too little."""
    passed_over: dict[str, str]
    """Advisory -> why it does not matter."""

    @classmethod
    def load(cls, root: Path = Path()) -> Self:
        """Read them.

        Raises:
            ConfigError: the file is absent, or is not of this form.
        """
        values = read_yaml(root / RULES)
        forms = {"accepted": tuple, "spelled": dict, "stated": dict, "passed_over": dict}
        found = {key: type(value) for key, value in values.items()}
        if found != forms or not all(map(_holds_texts, values.values())):
            raise ConfigError(
                f"{root / RULES}: expected texts below {', '.join(forms)}, found something else; "
                "correct the file"
            )
        return cls(**values)


@dataclass(frozen=True)
class Package:
    """One installed package that something of ours asks for."""

    name: str
    """In lower case, with dashes."""
    installed: Distribution
    runs_alm: bool
    """Whether alm itself needs it; else only an extra does."""
    is_exact: bool
    """Whether what asks for it asks for one version, as torch does for the parts of CUDA."""


def find_packages(root: Path = Path()) -> dict[str, Package]:
    """Return every package that ``pyproject.toml`` asks for, however indirectly, by name.

    What is not installed is passed over: an extra that nobody wanted, or another system's.
    """
    project = tomllib.loads((root / PYPROJECT).read_text(encoding="utf-8"))["project"]
    own, extras = project["dependencies"], project["optional-dependencies"].values()
    needed = _closure(own)
    asked = _closure([*own, *(line for lines in extras for line in lines)])
    return {
        name: Package(name, found, name in needed, asked[name])
        for name in sorted(asked)
        if (found := _find(name))
    }


def _closure(lines: Iterable[str]) -> dict[str, bool]:
    """Follow requirements to their end; return each name, and whether one version is asked for."""
    todo, seen, exact = list(_select(lines, {""})), set(), {}
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        exact[name] = exact.get(name, False) or _is_exact(requirement)
        if (name, extras) not in seen and name != OWN_NAME:  # every extra of ours is followed
            seen.add((name, extras))
            found = _find(name)
            todo += _select((found and found.requires) or (), {"", *extras})
    return {name: each for name, each in exact.items() if name != OWN_NAME}


def _is_exact(requirement: Requirement) -> bool:
    return any(
        each.operator == "==" and not each.version.endswith("*") for each in requirement.specifier
    )


def _select(lines: Iterable[str], extras: set[str]) -> Iterator[Requirement]:
    """Yield the requirements that hold on this system, for any of the extras."""
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": each}) for each in sorted(extras)):
            yield requirement


@functools.cache
def _find(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _holds_texts(value: Any) -> bool:  # noqa: ANN401
    texts = value.values() if isinstance(value, dict) else value
    return all(isinstance(each, str) for each in texts)
