"""Free what DVC's cache holds beyond the current ``dvc.lock``.

``dvc gc --workspace`` keeps every object that ``dvc.lock`` names, for all presets and corpora, and
removes the rest: the outputs of former parameters. Going back to those builds them again.
"""

import subprocess
import sys
from pathlib import Path

from alm.errors import AlmError, InputError
from alm.io import tree_bytes


def prune_cache(root: Path = Path()) -> str:
    """Remove unused objects and return what came of it.

    Raises:
        InputError: the cache lies outside the repository, where other clones may need it.
        AlmError: DVC did not manage; the message is its own.
    """
    cache = Path(_dvc(root, "cache", "dir").strip()).resolve()
    if not cache.is_relative_to(root.resolve()):
        raise InputError(
            f"expected the cache in this clone, found it at {cache}: other clones may need what "
            "this dvc.lock does not name; remove objects there by hand"
        )
    before = tree_bytes(cache)
    _dvc(root, "gc", "--workspace", "--force")
    after = tree_bytes(cache)
    return f"freed {(before - after) / 1e6:,.1f} MB of {before / 1e6:,.1f} MB in {cache}"


def _dvc(root: Path, *arguments: str) -> str:
    dvc = Path(sys.executable).with_name("dvc")
    found = subprocess.run([dvc, *arguments], cwd=root, check=False, capture_output=True, text=True)
    if found.returncode:
        raise AlmError(f"dvc {' '.join(arguments)} failed: {found.stderr.strip()}")
    return found.stdout
