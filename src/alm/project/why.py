"""Say in words why a stage would run again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alm.config import Params, list_corpora, list_presets
from alm.config.checks import choose_from
from alm.config.graph import DVC_YAML
from alm.config.yaml import read_yaml
from alm.errors import ConfigError
from alm.project.lockfile import LOCK, LockedStage, read_lock

OUTS = {  # what DVC finds of a result -> what that means
    "deleted": "is not there; it is brought back from DVC's cache, or made again",
    "not in cache": "is not in DVC's cache",
}
SHOWN = 6  # files that are named one by one
ABSENT = "(not set)"


def name_stage(stage: str, preset: str, corpus: str | None, root: Path = Path()) -> str:
    """Return a stage as DVC names it: ``pretrain`` of a preset, ``pack`` of that preset's corpus.

    Args:
        stage: its name, or as DVC writes it, such as ``pretrain@tiny``.
        preset: whose stage is meant.
        corpus: whose, where it is a stage of text; None takes the preset's.
        root: the repository.

    Raises:
        ConfigError: there is no such stage or preset.
    """
    stages = read_yaml(root / DVC_YAML)["stages"]
    name, _, key = stage.partition("@")
    if name not in stages:
        raise ConfigError(f"no stage {name!r} in {DVC_YAML}; {choose_from(stages)}")
    if "foreach" not in stages[name]:
        return name
    if stages[name]["foreach"].strip("${}") == "corpora":
        key, known = key or corpus or Params.load(preset, root).corpus, list_corpora(root)
    else:
        key, known = key or preset, list_presets(root)
    if key not in known:
        raise ConfigError(f"stage {name} has no {key!r}; {choose_from(known)}")
    return f"{name}@{key}"


def explain(stage: str, root: Path = Path()) -> str:
    """Return what has changed for ``stage``, and for the stages that it stands on, since they ran.

    What changes only because an earlier stage will have run is not repeated.

    Args:
        stage: as DVC writes it, such as ``pretrain@tiny``.
        root: the repository.

    Raises:
        ConfigError: DVC knows no such stage, or cannot read its files.
    """
    changed = ask_dvc(["--with-deps", stage], root)
    if not changed:
        return f"{stage} is up to date, and so is all that it stands on: it would not run"
    locked, order = read_lock(root), list(read_yaml(root / DVC_YAML)["stages"])
    names = sorted(changed, key=lambda name: (order.index(name.partition("@")[0]), name))
    made = {path for name in names if name in locked for path in locked[name].outs}
    blocks = {name: list(_block(name, changed[name], locked, made, root)) for name in names}
    lines = [line for block in blocks.values() for line in block]
    if not blocks.get(stage):
        lines.append(f"{stage} runs again if one of these comes out different")
    return "\n".join(lines)


def ask_dvc(words: list[str], root: Path = Path()) -> dict[str, list[Any]]:
    """Return what DVC finds changed, by stage; the words say which stages are meant.

    Raises:
        ConfigError: DVC knows no such stage, or cannot read its files.
    """
    found = subprocess.run(
        [Path(sys.executable).with_name("dvc"), "status", "--json", *words],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        said = found.stderr.strip().removeprefix("ERROR: ") or "nothing"
        raise ConfigError(f"expected a stage that DVC knows, found {words[-1]!r}: {said}")
    return json.loads(found.stdout)


def _block(
    name: str, found: list[Any], locked: dict[str, LockedStage], made: set[str], root: Path
) -> Iterator[str]:
    if name not in locked:
        yield f"{name} has never run, as far as {LOCK} knows"
        return
    reasons = [line for each in found for line in _reasons(each, locked[name], made, root)]
    if reasons:
        yield f"{name} would run again:"
        yield from reasons


def _reasons(
    each: str | dict[str, Any], locked: LockedStage, made: set[str], root: Path
) -> Iterator[str]:
    if each == "changed command":
        yield "  its command in dvc.yaml is another one"
    elif isinstance(each, dict):
        for path, state in each.get("changed deps", {}).items():
            if path not in made:
                yield from _input(path, state, locked, root)
        for path, state in each.get("changed outs", {}).items():
            yield f"  its result {path} {OUTS.get(state, 'was changed')}"


def _input(path: str, state: Any, locked: LockedStage, root: Path) -> Iterator[str]:  # noqa: ANN401
    if isinstance(state, dict):
        values = read_yaml(root / path) if (root / path).exists() else {}
        for key in state:
            before, now = locked.params.get(key), _look_up(values, key)
            for name, old, new in _differences(key, before, now):
                yield f"  {name}: {_spell(old)} -> {_spell(new)} ({path})"
    elif state == "deleted":
        yield f"  {path} is not there"
    else:
        yield f"  {path} {'is new' if state == 'new' else 'has changed'}{_which_files(path, root)}"


def _look_up(values: Any, key: str) -> Any:  # noqa: ANN401
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """Walk two nested values down to the keys whose values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _differences(f"{name}.{key}", old.get(key), new.get(key))
    elif _plain(old) != _plain(new):
        yield name, old, new


def _plain(value: Any) -> Any:  # noqa: ANN401
    return list(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def _spell(value: Any) -> str:  # noqa: ANN401
    return ABSENT if value is None else json.dumps(_plain(value), ensure_ascii=False, default=str)


def _which_files(path: str, root: Path) -> str:
    """Name the files that differ from those of the commit that last changed ``dvc.lock``."""
    commit = _git(root, "log", "-1", "--format=%h", "--", str(LOCK))
    if not commit or not (root / path).is_dir():
        return ""
    names = _git(root, "diff", "--name-only", commit[0], "--", path)
    names += _git(root, "ls-files", "--others", "--exclude-standard", "--", path)
    files = [name.removeprefix(f"{path}/") for name in sorted({*names})]
    if not files:
        return ""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return f": {', '.join(files[:SHOWN])}{more} (since {commit[0]})"


def _git(root: Path, *arguments: str) -> list[str]:
    found = subprocess.run(
        ["git", *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    return found.stdout.split() if found.returncode == 0 else []
