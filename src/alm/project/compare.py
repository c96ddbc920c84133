"""Find where two builds of a preset part: the first stage, training step and tensor that differ."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from torch import Tensor

from alm.checkpoint import read_tensors
from alm.config import Params
from alm.config.graph import DVC_YAML
from alm.config.params import SCRATCH
from alm.config.yaml import read_yaml
from alm.errors import InputError
from alm.io import Manifest
from alm.io.manifest import NAME as MANIFEST
from alm.io.strict_json import read_json
from alm.project.lockfile import LOCK, LockedStage, digest_as_dvc, read_lock

TENSORS = ".safetensors"
TABLE = "loss.csv"
SHOWN = 4  # tensors, files or values that are named one by one


def compare_builds(a: Path, b: Path, preset: str) -> str:
    """Return where the builds of ``preset`` in two working copies first differ, in words.

    Args:
        a: root of one working copy, in which the preset was built.
        b: root of the other.
        preset: its name.

    Raises:
        InputError: one of them is no working copy, or has not built the preset; or both are one.
    """
    if a.resolve() == b.resolve():
        raise InputError(
            f"expected two working copies, found {a.resolve()} twice; name another one: "
            f"make compare B=../other PRESET={preset}"
        )
    locks = [_lock_of(root, preset) for root in (a, b)]
    names = _stage_names(a, preset)
    for name in names:
        ours, theirs = (lock.get(name) for lock in locks)
        if ours and theirs and ours.outs != theirs.outs:
            return "\n".join(_differences(name, ours, theirs, a, b))
    built = [name for name in names if name in locks[0] and name in locks[1]]
    lines = [f"{preset}: the results of all {len(built)} stages that both have built are the same"]
    for root, lock in zip((a, b), locks, strict=True):
        alone = [name for name in names if name in lock and name not in built]
        lines += [f"  built in {root} alone: {', '.join(alone)}"] if alone else []
        lines += [f"  but {path} is not what {LOCK} names" for path in _strays(root, built, lock)]
    return "\n".join(lines)


def _strays(root: Path, names: list[str], lock: dict[str, LockedStage]) -> Iterator[Path]:
    """Yield results on disk that are of another build than the lock, or were changed."""
    for name in names:
        for path, digest in lock[name].outs.items():
            if (root / path).exists() and digest_as_dvc(root / path) != digest:
                yield root / path


def _lock_of(root: Path, preset: str) -> dict[str, LockedStage]:
    if not (root / DVC_YAML).is_file():
        raise InputError(
            f"expected a working copy of this project, found no {DVC_YAML} in {root}; name its root"
        )
    lock = read_lock(root)
    if f"pretrain@{preset}" not in lock:
        raise InputError(
            f"expected a build of {preset} in {root}, found none in its dvc.lock; build it there "
            f"with `make repro PRESET={preset}`"
        )
    return lock


def _stage_names(root: Path, preset: str) -> list[str]:
    """Return the stages of a preset, of its corpus and of the presets whose weights it starts from.

    They come in the order in which they run, which is that of ``dvc.yaml``.
    """
    keys = {"corpora": [Params.load(preset, root).corpus], "presets": _ancestry(root, preset)}
    stages = read_yaml(root / DVC_YAML)["stages"]
    names = [name for name, body in stages.items() if "foreach" not in body]
    for kind, members in keys.items():
        own = [name for name, body in stages.items() if body.get("foreach") == f"${{{kind}}}"]
        names += [f"{name}@{key}" for key in members for name in own]
    return names


def _ancestry(root: Path, preset: str) -> list[str]:
    """Return the presets that a preset's weights come from, first to last, itself included."""
    init = Params.load(preset, root).train.init
    return [*([] if init == SCRATCH else _ancestry(root, init)), preset]


def _differences(
    name: str, ours: LockedStage, theirs: LockedStage, a: Path, b: Path
) -> Iterator[str]:
    yield f"the first stage with another result is {name}"
    causes = [
        *_causes("input", ours.deps, theirs.deps),
        *_causes("param", ours.params, theirs.params),
    ]
    causes += [] if ours.cmd == theirs.cmd else ["its command"]
    yield "  because of: " + (", ".join(causes) if causes else "nothing declared: inputs are equal")
    for path in [path for path in ours.outs if ours.outs[path] != theirs.outs.get(path)]:
        yield f"  {path} differs"
        yield from (f"    {line}" for line in _inside(a / path, b / path))


def _causes(kind: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    return [f"{kind} {key}" for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key)]


def _inside(ours: Path, theirs: Path) -> Iterator[str]:
    """Look into a result that differs, as far as both are still on disk."""
    if not (ours.exists() and theirs.exists()):
        yield "one of the two is not on disk any more"
    elif ours.name == TABLE:
        yield _first_row(ours, theirs)
    elif ours.suffix == ".json":
        yield from islice(_changed_values(ours.stem, read_json(ours), read_json(theirs)), SHOWN)
    elif ours.is_dir() and (ours / MANIFEST).is_file() and (theirs / MANIFEST).is_file():
        for name in _changed_files(ours, theirs)[:SHOWN]:
            yield f"{name} differs"
            if name.endswith(TENSORS):
                yield from _changed_tensors(ours / name, theirs / name)


def _changed_files(ours: Path, theirs: Path) -> list[str]:
    both = [
        Manifest.read(path, read_json(path / MANIFEST)["kind"]).files for path in (ours, theirs)
    ]
    return [name for name in sorted({*both[0], *both[1]}) if both[0].get(name) != both[1].get(name)]


def _first_row(ours: Path, theirs: Path) -> str:
    """Return the first step whose row in the loss table is another one, and in what."""
    tables = [list(csv.DictReader(path.read_text("utf-8").splitlines())) for path in (ours, theirs)]
    before = "the start"
    for mine, other in zip(*tables, strict=False):
        if mine != other:
            columns = [key for key in mine if mine[key] != other.get(key)]
            shown = ", ".join(f"{key} {mine[key]} and {other.get(key)}" for key in columns)
            return f"first after {before}, at step {mine['step']}: {shown}"
        before = f"step {mine['step']}"
    return f"one table has {len(tables[0])} rows, the other {len(tables[1])}"


def _changed_values(key: str, mine: Any, other: Any) -> Iterator[str]:  # noqa: ANN401
    """Walk two nested values down to those that differ."""
    if isinstance(mine, dict) and isinstance(other, dict):
        for name in sorted({*mine, *other}):
            yield from _changed_values(f"{key}.{name}", mine.get(name), other.get(name))
    elif mine != other:
        yield f"{key}: {mine!s:.40} and {other!s:.40}"


def _changed_tensors(ours: Path, theirs: Path) -> Iterator[str]:
    mine, others = read_tensors(ours), read_tensors(theirs)
    if mine.keys() != others.keys():
        yield f"they hold other tensors: {', '.join(sorted(mine.keys() ^ others.keys())[:SHOWN])}"
        return
    changed = [
        name
        for name in mine
        if mine[name].shape != others[name].shape or not mine[name].equal(others[name])
    ]
    yield f"{len(changed)} of {len(mine)} tensors differ, by name:"
    for name in changed[:SHOWN]:
        yield f"  {name}: {_distance(mine[name], others[name])}"


def _distance(mine: Tensor, other: Tensor) -> str:
    if mine.shape != other.shape:
        return f"shapes {tuple(mine.shape)} and {tuple(other.shape)}"
    apart = (mine.double() - other.double()).abs()
    return f"{int((apart > 0).sum()):,} of {mine.numel():,} numbers, by at most {apart.max():.3g}"
