"""What ``dvc.lock`` says of a stage when it last ran."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.config.yaml import read_yaml
from alm.errors import ConfigError, IntegrityError
from alm.io import is_ignored

LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class LockedStage:
    """One block of the file."""

    name: str
    """Such as ``pretrain@tiny``."""
    cmd: str
    deps: dict[str, str]
    """Path -> digest of what the stage read."""
    params: dict[str, Any]
    """Key, with dots, -> the value that it had."""
    outs: dict[str, str]
    """Path -> digest of what the stage wrote."""


def read_lock(root: Path = Path()) -> dict[str, LockedStage]:
    """Return every stage that has run, by name; none where nothing was ever built.

    Raises:
        IntegrityError: the file cannot be read as DVC writes it.
    """
    path = root / LOCK
    if not path.exists():
        return {}
    try:
        stages = read_yaml(path)["stages"]
        return {name: _parse(name, block) for name, block in stages.items()}
    except (ConfigError, KeyError, TypeError, AttributeError):
        raise IntegrityError(
            f"{path}: expected the stages that DVC wrote there, found something else; "
            "`git checkout dvc.lock` brings it back"
        ) from None


def digest_as_dvc(path: Path) -> str:
    """Return the digest of a file or folder that DVC would write, from its bytes as they are now.

    DVC itself trusts times and sizes, and does not look into a file again that seems unchanged.

    Reference:
        DVC 3, ``Tree.as_bytes``: the MD5 of a sorted list of names and MD5s, with ``.dir``.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
    """
    if not path.is_dir():
        return _md5(path)
    files = [each.relative_to(path) for each in sorted(path.rglob("*")) if each.is_file()]
    names = sorted(each.as_posix() for each in files if not is_ignored(each))
    listed = [{"md5": _md5(path / name), "relpath": name} for name in names]
    data = json.dumps(listed, sort_keys=True).encode()
    return hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _parse(name: str, block: dict[str, Any]) -> LockedStage:
    params = [values for values in block.get("params", {}).values()]
    return LockedStage(
        name=name,
        cmd=block["cmd"],
        deps=_digests(block.get("deps", ())),
        params={key: value for values in params for key, value in values.items()},
        outs=_digests(block.get("outs", ())),
    )


def _digests(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries}
