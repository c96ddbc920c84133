"""What a second build of a preset is held against: the stages in ``dvc.lock``, if they can be.

Whatever would make the comparison fail for a reason that is known before, and mean nothing, is said
before: a build takes minutes.
"""

import json
import subprocess
from pathlib import Path

from alm.config import Params
from alm.config.graph import DVC_YAML
from alm.config.yaml import read_yaml
from alm.errors import InputError, IntegrityError
from alm.io import read_json
from alm.project.lockfile import LOCK, LockedStage, digest_as_dvc, read_lock
from alm.project.why import ask_dvc

SOURCES = (".dvc/config", ".dvcignore", "configs", "dvc.yaml", "params.yaml", "scripts", "src")
NOT_WRITTEN_BY_HAND = ("build", ".state")
SHOWN = 6  # files or stages that are named one by one


def read_expected(preset: str, root: Path = Path()) -> dict[str, LockedStage]:
    """Return what the lock says of a preset's stages and of all they stand on, in running order.

    Raises:
        InputError: the preset was never built; or what it was built from is not committed, has
            changed since, or was the state of another run.
        IntegrityError: a result that lies here is not the one that the lock names.
    """
    expected = _read_stages(preset, root)
    _require_committed(root)
    _require_current(preset, expected, root)
    _require_one_origin(preset, root)
    _require_whole(preset, expected, root)
    return expected


def git_lines(root: Path, *arguments: str) -> list[str]:
    """Return the lines that Git prints.

    Raises:
        InputError: it fails.
    """
    found = subprocess.run(
        ["git", *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    if found.returncode:
        raise InputError(f"git {arguments[0]} failed in {root.resolve()}: {found.stderr.strip()}")
    return found.stdout.splitlines()


def _read_stages(preset: str, root: Path) -> dict[str, LockedStage]:
    Params.load(preset, root)  # an unknown name is answered with the known ones
    lock = read_lock(root)
    order = list(read_yaml(root / DVC_YAML)["stages"])
    own = [f"{stage}@{preset}" for stage in order if f"{stage}@{preset}" in lock]
    if f"pretrain@{preset}" not in own:
        raise InputError(
            f"expected a build of {preset} in {LOCK}, found none; build it first: "
            f"make repro PRESET={preset}"
        )
    makers = {path: name for name, stage in lock.items() for path in stage.outs}
    found, todo = set(), own
    while todo:
        name = todo.pop()
        found.add(name)
        todo += sorted({makers[path] for path in lock[name].deps if path in makers} - found)
    names = sorted(found, key=lambda name: (order.index(name.partition("@")[0]), name))
    return {name: lock[name] for name in names}


def _require_committed(root: Path) -> None:
    """Refuse to verify a clone of other sources than those that lie here."""
    changed = git_lines(root, "status", "--porcelain", "--untracked-files=all", "--", *SOURCES)
    if changed:
        raise InputError(
            "expected every source to be committed, since a clone is what is built, found changes "
            f"in {_name([line[3:] for line in changed])}; commit or stash them"
        )


def _require_current(preset: str, expected: dict[str, LockedStage], root: Path) -> None:
    """Refuse to verify results of former sources."""
    stale = [
        name
        for name, found in ask_dvc(list(expected), root).items()
        if any(map(_is_by_hand, found))
    ]
    if stale:
        verb = "export" if stale == [f"export@{preset}"] else "repro"
        raise InputError(
            f"expected {LOCK} to be of the sources that lie here, found changes that "
            f"{_name([name for name in expected if name in stale])} did not see yet; build first: "
            f"make {verb} PRESET={preset} (`make why STAGE={stale[0]}` says what changed)"
        )


def _is_by_hand(change: str | dict[str, dict[str, str]]) -> bool:
    """Whether somebody changed something, and not just a stage that this one stands on."""
    if isinstance(change, str):
        return change == "changed command"
    paths = map(Path, change.get("changed deps", {}))
    return any(path.parts[0] not in NOT_WRITTEN_BY_HAND for path in paths)


def _require_one_origin(preset: str, root: Path) -> None:
    path = root / "reports" / preset / "pretrain.json"
    if path.exists() and (adoptions := read_json(path).get("hybrid")):
        first = json.dumps(adoptions[0]["run"])
        raise InputError(
            f"expected {preset} to be trained by one code and text, found a hybrid: it went on "
            f"from the state of another run, {first}, and cannot be built again; "
            f"make pretrain PRESET={preset} FORCE=1 trains it afresh"
        )


def _require_whole(preset: str, expected: dict[str, LockedStage], root: Path) -> None:
    """Refuse results that are not those of the lock; one that is not here is no result."""
    changed = [
        path
        for stage in expected.values()
        for path, digest in stage.outs.items()
        if (root / path).exists() and digest_as_dvc(root / path) != digest
    ]
    if changed:
        raise IntegrityError(
            f"expected the results that {LOCK} names, found others in {_name(changed)}; they were "
            f"changed, or are of another build; make repro PRESET={preset} brings them back"
        )


def _name(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
