"""Say what made a file, and the command that makes it again."""

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
    lines = [f"{name.as_posix()} is made by {stage.name}", *_recipe(stage, locked)]
    lines += [f"  {line}" for line in _manifest(root / out)]
    lines.append(f"  now: {_state(root, out, name, locked)}")
    lines.append(f"  make it again: {verb}")
    return "\n".join(lines)


def _relative(path: Path, root: Path) -> Path:
    try:
        return path.absolute().relative_to(root.absolute())
    except ValueError:
        raise InputError(
            f"expected a file below {root.absolute()}, found {path}; name one of this project"
        ) from None


def _find_stage(name: Path, root: Path) -> tuple[Stage, Path, str]:
    """Return the stage that writes a file, the output that it lies in, and the stage's verb."""
    for stage, verb in _list_stages(root):
        for out in stage.outs:
            if name == out or out in name.parents:
                return stage, out, verb
    raise InputError(
        f"expected a file that a stage writes (below build/ or reports/), found {name}: no stage "
        f"in {DVC_YAML} writes it; it is written by hand, by another verb, or not there"
    )


def _list_stages(root: Path) -> Iterator[tuple[Stage, str]]:
    """Yield every stage of every corpus and preset, with the command that runs it."""
    groups = {"corpora": ("CORPUS", list_corpora(root)), "presets": ("PRESET", list_presets(root))}
    for name, body in read_yaml(root / DVC_YAML)["stages"].items():
        if "foreach" in body:
            variable, keys = groups[body["foreach"].strip("${}")]
            for key in keys:
                yield Stage.load(name, key, root), f"make {name} {variable}={key}"


def _recipe(stage: Stage, locked: LockedStage | None) -> Iterator[str]:
    """Name the inputs of a stage, with what they were when it last ran."""
    yield f"  by: {stage.cmd}"
    for path in stage.deps:
        digest = locked.deps.get(path.as_posix()) if locked else None
        yield f"  from: {path.as_posix()}  {digest[:SHORT] if digest else 'never read'}"
    for file, keys in sorted(stage.params.items()):
        yield f"  with: {', '.join(keys)} of {file}"


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


def _state(root: Path, out: Path, name: Path, locked: LockedStage | None) -> str:
    if not (root / name).exists():
        return "not there"
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


def _find_damage(out: Path) -> str | None:
    try:
        kind = read_json(out / MANIFEST)["kind"]
        Manifest.read(out, kind).verify(out)
    except (AlmError, KeyError, TypeError) as error:
        return str(error)
    return None
