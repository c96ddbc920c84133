"""Say what made a file, and the command that makes it again."""

import os
from collections.abc import Iterator
from pathlib import Path

from alm.config import Stage, list_corpora, list_presets
from alm.config.graph import DVC_YAML
from alm.config.yaml import read_yaml
from alm.errors import AlmError, InputError
from alm.io import Manifest, read_json
from alm.io.manifest import NAME as MANIFEST
from alm.project.lockfile import LOCK, LockedStage, digest_as_dvc, read_lock

SHORT = 12
SHOWN = 6  # results that are named one by one
EXAMPLE = "build/models/tiny/pretrain/model.safetensors"


def trace_file(path: Path, root: Path = Path()) -> str:
    """Return which stage made ``path``, from what, and the command that makes it again.

    It says too whether the file is what the lock, or the manifest beside it, says it should be.

    Args:
        path: a file or folder below ``root``, such as ``build/models/tiny/pretrain``.
        root: the repository.

    Raises:
        InputError: no stage writes such a file; the message says where those that do write.
    """
    name = _relative(path, root)
    stage, out, verb = _find_stage(name, root)
    locked = read_lock(root).get(stage.name)
    lines = [f"{name.as_posix()} is made by {stage.name}", *_recipe(stage, locked, root)]
    lines += [f"  {line}" for line in _manifest(root / out)]
    lines.append(f"  now: {_state(root, out, name, locked)}")
    lines.append(f"  make it again: {verb}")
    return "\n".join(lines)


def _relative(path: Path, root: Path) -> Path:
    if path == Path():
        raise InputError(f"expected a file, found none named; such as make whence FILE={EXAMPLE}")
    place, base = (Path(os.path.normpath(each.absolute())) for each in (path, root))
    if not place.is_relative_to(base):
        raise InputError(f"expected a file below {base}, found {path}; name one of this project")
    return place.relative_to(base)


def _find_stage(name: Path, root: Path) -> tuple[Stage, Path, str]:
    """Return the stage that writes a file, the output that it lies in, and the stage's verb."""
    below = []
    for stage, verb in _list_stages(root):
        for out in stage.outs:
            if name == out or out in name.parents:
                return stage, out, verb
            below += [out.as_posix()] * (name in out.parents)
    if below:
        more = " ..." if len(below) > SHOWN else ""
        raise InputError(
            f"expected a file that one stage writes, found {name}, below which several do; name "
            f"one of {', '.join(below[:SHOWN])}{more}"
        )
    raise InputError(
        f"expected a file that a stage writes (below build/ or reports/), found {name}: no stage "
        f"in {DVC_YAML} writes it; it is written by hand, by another verb, or not there"
    )


def _list_stages(root: Path) -> Iterator[tuple[Stage, str]]:
    """Yield every stage of every corpus and preset, with the command that runs it."""
    groups = {"corpora": ("CORPUS", list_corpora(root)), "presets": ("PRESET", list_presets(root))}
    for name, body in read_yaml(root / DVC_YAML)["stages"].items():
        if "foreach" not in body:
            deps, outs = (tuple(map(Path, body.get(key, ()))) for key in ("deps", "outs"))
            yield Stage(name, deps, {}, outs, body["cmd"]), f"make {name}"
            continue
        variable, keys = groups[body["foreach"].strip("${}")]
        for key in keys:
            yield Stage.load(name, key, root), f"make {name} {variable}={key}"


def _recipe(stage: Stage, locked: LockedStage | None, root: Path) -> Iterator[str]:
    """Name the inputs of a stage, with what they were when it last ran."""
    yield f"  by: {stage.cmd}"
    for path in stage.deps:
        digest = locked.deps.get(path.as_posix()) if locked else None
        yield f"  from: {path.as_posix()}  {_spell(digest, root / path)}"
    for file, keys in sorted(stage.params.items()):
        yield f"  with: {', '.join(keys)} of {file}"


def _spell(digest: str | None, path: Path) -> str:
    """Return what an input was, and whether it is that still."""
    if digest is None:
        return "never read"
    if not path.exists():
        return f"{digest[:SHORT]} (not there now)"
    return digest[:SHORT] + ("" if digest_as_dvc(path) == digest else " (changed since)")


def _manifest(out: Path) -> Iterator[str]:
    """Repeat what the output says of itself, where it carries a manifest."""
    path = out / MANIFEST
    if not path.is_file():
        return
    try:
        body = read_json(path)
    except AlmError:
        yield f"its {MANIFEST} is damaged"
        return
    yield f"manifest: a {body.get('kind')}, SHA-256 {str(body.get('sha256'))[:SHORT]}"
    for title in ("inputs", "libraries"):
        for key, value in sorted((body.get(title) or {}).items()):
            yield f"{title}: {key} {str(value)[:SHORT]}"
    for each in (body.get("facts") or {}).get("hybrid", ()):
        changed = ", ".join(each["changed"])
        yield f"a hybrid: {each['step']} steps are of run {each['run']}; since changed: {changed}"


def _state(root: Path, out: Path, name: Path, locked: LockedStage | None) -> str:
    if not (root / name).exists():
        return f"not there{_neighbours(root / out) if name != out else ''}"
    if not (root / out / MANIFEST).is_file():
        whole = ""
    elif damage := _find_damage(root / out):
        return f"damaged: {damage}"
    else:
        whole = "whole (every file is as its manifest says), and "
    if locked is None or out.as_posix() not in locked.outs:
        return f"{whole}{LOCK} knows nothing of it"
    same = digest_as_dvc(root / out) == locked.outs[out.as_posix()]
    other = f"not what {LOCK} names: changed since, or of another build"
    return whole + (f"what {LOCK} names" if same else other)


def _neighbours(out: Path) -> str:
    """Name the files that the stage did write, where it wrote any."""
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    return f"; beside it lie {', '.join(names[:SHOWN])}" if names else ""


def _find_damage(out: Path) -> str | None:
    try:
        kind = read_json(out / MANIFEST)["kind"]
        Manifest.read(out, kind).verify(out)
    except (AlmError, KeyError, TypeError) as error:
        return str(error)
    return None
