"""Stages as ``dvc.yaml`` declares them: the place where paths are written."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alm.config.checks import choose_from
from alm.config.layers import PARAMS, read_layers
from alm.config.yaml import read_yaml
from alm.errors import ConfigError

DVC_YAML = Path("dvc.yaml")


@dataclass(frozen=True)
class Stage:
    """One stage of one preset or corpus, its templates filled in."""

    name: str
    """As DVC writes it, such as ``pretrain@tiny``."""
    deps: tuple[Path, ...]
    params: dict[str, tuple[str, ...]]
    """Tracked keys by file."""
    outs: tuple[Path, ...]
    """Outputs, metrics and plots."""
    cmd: str = ""
    """What DVC hands to the shell."""

    @classmethod
    def load(cls, stage: str, key: str, root: Path = Path()) -> Self:
        """Read the stage that ``dvc repro stage@key`` runs.

        Raises:
            ConfigError: ``dvc.yaml`` has no such stage, its group no such key, or the key no value
            that the stage refers to.
        """
        stages = read_yaml(root / DVC_YAML)["stages"]
        repeated = {name: each for name, each in stages.items() if "foreach" in each}
        if stage not in repeated:
            raise ConfigError(f"no stage {stage!r} in {DVC_YAML}; {choose_from(repeated)}")
        item = read_layers(stages[stage]["foreach"].strip("${}"), key, root).own
        filled = _fill(stages[stage]["do"], {"key": key, "item": item})
        outs = [*filled.get("outs", ()), *filled.get("metrics", ()), *filled.get("plots", ())]
        return cls(
            name=f"{stage}@{key}",
            deps=tuple(map(Path, filled["deps"])),
            params=_group_params(filled.get("params", ())),
            outs=tuple(Path(name) for name in map(_name, outs)),
            cmd=filled["cmd"],
        )


def _name(entry: str | dict[str, Any]) -> str:
    """Return the path of an output, which is a key where it carries options."""
    return entry if isinstance(entry, str) else next(iter(entry))


def _group_params(entries: tuple[str | dict[str, Any], ...]) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        for file, keys in ({str(PARAMS): (entry,)} if isinstance(entry, str) else entry).items():
            grouped[file] = (*grouped.get(file, ()), *(keys or ()))
    return grouped


def _fill(template: Any, scope: dict[str, Any]) -> Any:  # noqa: ANN401
    """Replace ``${key}`` and ``${item.a.b}`` in every string of a nested template."""
    if isinstance(template, dict):
        return {_fill(key, scope): _fill(value, scope) for key, value in template.items()}
    if isinstance(template, tuple):
        return tuple(_fill(each, scope) for each in template)
    if isinstance(template, str):
        return re.sub(r"\$\{([\w.]+)\}", lambda match: str(_look_up(match[1], scope)), template)
    return template


def _look_up(path: str, scope: dict[str, Any]) -> Any:  # noqa: ANN401
    value: Any = scope
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            raise ConfigError(f"{DVC_YAML} refers to {path}, which {PARAMS} does not have; add it")
        value = value[part]
    return value
