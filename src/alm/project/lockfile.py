"""What ``dvc.lock`` says of a stage when it last ran."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.config.yaml import read_yaml
from alm.errors import ConfigError, IntegrityError

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
