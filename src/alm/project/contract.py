"""Whether the committed ``dvc.lock`` must come out of a build on this machine, byte for byte.

A portable preset has one result for any x86-64 Linux CPU and one build of torch: the one that the
committed metrics name. Elsewhere the arithmetic differs in its last bits, but text is text: the
stages of its corpus have to agree everywhere.
"""

import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from alm.config import Params
from alm.errors import IntegrityError
from alm.io import parse_json

LOCK = "dvc.lock"


def why_not_here(preset: str, root: Path = Path()) -> str | None:
    """Return why a preset's models may differ here from the committed ones; None: they may not.

    Raises:
        IntegrityError: the preset's metrics are not committed.
    """
    numerics = Params.load(preset, root).runtime.numerics
    if numerics != "portable":
        return f"{preset} promises its bytes on one machine only (numerics: {numerics})"
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"{preset} promises its bytes on Linux x86-64, and this is {platform.platform()}"
    metrics = parse_json(_committed(root, f"reports/{preset}/pretrain.json"))
    expected, found = metrics["numerics"]["torch"], _torch_build()
    if expected != found:
        return f"{preset} was committed with torch {expected}, and this is {found}"
    return None


def check_text(preset: str, root: Path = Path()) -> None:
    """Compare the blocks of a preset's corpus in ``dvc.lock`` with the committed ones.

    Raises:
        IntegrityError: a stage of text has another result than committed.
    """
    corpus = Params.load(preset, root).corpus
    expected = _blocks(_committed(root, LOCK), f"@{corpus}")
    found = _blocks((root / LOCK).read_text(encoding="utf-8"), f"@{corpus}")
    changed = [
        name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)
    ]
    if changed:
        raise IntegrityError(
            f"{LOCK}: expected {', '.join(changed)} as committed, since text is the same on every "
            "machine, found another result; commit it if you changed the text, else it is a bug"
        )


def _blocks(lock: str, suffix: str) -> dict[str, Any]:
    stages = YAML(typ="safe", pure=True).load(lock)["stages"]
    return {name: block for name, block in stages.items() if name.endswith(suffix)}


def _committed(root: Path, path: str) -> str:
    found = subprocess.run(
        ["git", "show", f"HEAD:{path}"], cwd=root, check=False, capture_output=True, text=True
    )
    if found.returncode:
        raise IntegrityError(f"{path} is not committed; build it, look at it, and commit it")
    return found.stdout


def _torch_build() -> str:
    """Read torch's version, its build included, without loading it: that takes a second."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return "absent"
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    found = re.search(r"""__version__ = ['"](.+)['"]""", text)
    return found[1] if found else "unknown"
