"""Say in words why a stage would run again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alm.config.yaml import read_yaml
from alm.errors import ConfigError
from alm.project.lockfile import LOCK, LockedStage, read_lock

GONE = "is not there"
SHOWN = 6  # files that are named one by one
ABSENT = "(not set)"


def explain(stage: str, root: Path = Path()) -> str:
    """Return what has changed for ``stage``, and for the stages that it stands on, since they ran.

    Args:
        stage: as DVC writes it, such as ``pretrain@tiny``.
        root: the repository.

    Raises:
        ConfigError: DVC knows no such stage, or cannot read its files.
    """
    changed = ask_dvc(["--with-deps", stage], root)
    if not changed:
        return f"{stage} is up to date, and so is all that it stands on: it would not run"
    locked = read_lock(root)
    lines = [line for name, found in changed.items() for line in _block(name, found, locked, root)]
    if stage not in changed:
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
    name: str, found: list[Any], locked: dict[str, LockedStage], root: Path
) -> Iterator[str]:
    if name not in locked:
        yield f"{name} has never run, as far as {LOCK} knows"
        return
    yield f"{name} would run again:"
    for each in found:
        if each == "changed command":
            yield "  its command in dvc.yaml is another one"
        elif isinstance(each, dict):
            for path, state in each.get("changed deps", {}).items():
                yield from _input(path, state, locked[name], root)
            for path, state in each.get("changed outs", {}).items():
                yield f"  its result {path} " + (GONE if state == "deleted" else "was changed")


def _input(path: str, state: Any, locked: LockedStage, root: Path) -> Iterator[str]:  # noqa: ANN401
    if isinstance(state, dict):
        values = read_yaml(root / path) if (root / path).exists() else {}
        for key in state:
            before, now = locked.params.get(key), _look_up(values, key)
            for name, old, new in _differences(key, before, now):
                yield f"  {name}: {_spell(old)} -> {_spell(new)} ({path})"
    elif state == "deleted":
        yield f"  {path} {GONE}"
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
