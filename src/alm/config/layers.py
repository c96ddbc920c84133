"""Lay a preset or a corpus of ``params.yaml`` over the sections that all of them share.

``presets`` and ``corpora`` hold what differs; every other top-level key is shared. Each preset and
each corpus writes every section, ``{}`` where it overrides nothing, so that a DVC stage can track
the few that it reads: ``train`` and ``presets.tiny.train``, never the whole preset.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.config.checks import choose_from, did_you_mean
from alm.config.yaml import read_yaml
from alm.errors import ConfigError

PARAMS = Path("params.yaml")
GROUPS = ("corpora", "presets")
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"


@dataclass(frozen=True)
class Layers:
    """One preset or corpus: the values all share, and its own."""

    where: str
    """Path of ``own`` in ``params.yaml``, such as ``presets.tiny``."""
    shared: dict[str, Any]
    own: dict[str, Any]
    members: dict[str, list[str]]
    """Names of all presets and of all corpora, in the order of ``params.yaml``."""

    def section(self, name: str) -> dict[str, Any]:
        """Return a section, own fields laid over shared ones.

        Raises:
            ConfigError: the section is missing on either side, or is no mapping.
        """
        for where, values in (("", self.shared), (f"{self.where}.", self.own)):
            if not isinstance(values.get(name), dict):
                found = "nothing" if name not in values else repr(values[name])
                raise ConfigError(
                    f"{PARAMS}: expected a mapping at {where}{name}, found {found}; write "
                    f"`{name}: {{}}` where there is nothing to set"
                )
        return {**self.shared[name], **self.own[name]}

    def origin(self, name: str, field: str) -> str:
        """Return the path in ``params.yaml`` that a field's value comes from."""
        return f"{self.where}.{name}" if field in self.own[name] else name

    def refuse_unknown(self, shared: Iterable[str], own: Iterable[str]) -> None:
        """Raise ConfigError naming the first key that nothing reads."""
        for where, values, known in (("", self.shared, shared), (f"{self.where}.", self.own, own)):
            for key in values:
                if key not in known:
                    raise ConfigError(
                        f"{PARAMS}: unknown key {where}{key}{did_you_mean(key, known)}; "
                        f"{choose_from(known)}"
                    )


def read_layers(group: str, name: str, root: Path) -> Layers:
    """Read ``params.yaml`` and pick one member of ``presets`` or ``corpora``.

    Raises:
        ConfigError: there is no such member; the message lists those there are.
    """
    tree = read_yaml(root / PARAMS)
    members = {each: _members(tree, each) for each in GROUPS}
    if name not in members[group]:
        singular = "corpus" if group == "corpora" else "preset"
        raise ConfigError(f"no {singular} {name!r} in {PARAMS}; {choose_from(members[group])}")
    own = tree[group][name]
    if not isinstance(own, dict):
        raise ConfigError(f"{PARAMS}: expected a mapping at {group}.{name}, found {own!r}")
    shared = {key: value for key, value in tree.items() if key not in GROUPS}
    return Layers(f"{group}.{name}", shared, own, members)


def list_members(group: str, root: Path) -> list[str]:
    """Names in ``presets`` or ``corpora``, in the order of ``params.yaml``."""
    return _members(read_yaml(root / PARAMS), group)


def _members(tree: dict[str, Any], group: str) -> list[str]:
    members = tree.get(group)
    if not isinstance(members, dict) or not members:
        raise ConfigError(f"{PARAMS}: expected a mapping of names at {group}, found {members!r}")
    for name in members:
        if not re.fullmatch(NAME, name):
            raise ConfigError(
                f"{PARAMS}: expected a name of letters, digits, - or _ in {group}, found {name!r}; "
                "rename it, for folders and stages carry it"
            )
    return list(members)
