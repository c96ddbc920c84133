"""Stamp which Python runs: the corpora that are made of its own text depend on it.

``.state/host/python.txt`` is a DVC dependency of those corpora. It is rewritten only where it
differs, so the same Python never reruns anything, and another one always does.
"""

import hashlib
import os
import platform
import re
import sys
from pathlib import Path

from alm.errors import IntegrityError
from alm.io import write_text

STAMP = Path(".state/host/python.txt")
LOCK = Path("dvc.lock")
NOT_STDLIB = {"__pycache__", "site-packages", "dist-packages"}


def describe_interpreter(library: Path | None = None) -> str:
    """Return four lines: implementation, version, platform, and a digest of the library's files.

    The digest covers names and sizes, not contents: reading 1,800 files before every verb would
    be felt. A patched file of equal size is therefore missed.

    Args:
        library: root of the standard library; None takes the running Python's.
    """
    root = library or Path(os.__file__).parent
    return (
        f"implementation: {sys.implementation.name}\n"
        f"version: {platform.python_version()}\n"
        f"platform: {sys.platform}\n"
        f"library: {_listing_digest(root)}\n"
    )


def refresh_stamp(root: Path = Path()) -> str | None:
    """Bring the stamp up to date; return what to tell the user where Python is another one."""
    path, found = root / STAMP, describe_interpreter()
    before = _read(path)
    if found == before:
        return None
    write_text(path, found)
    if before is not None:
        return (
            f"Python changed from {_short(before)} to {_short(found)}: corpora made of its own "
            "text will be built again"
        )
    return _compare_with_lock(root / LOCK, found)


def _compare_with_lock(lock: Path, found: str) -> str | None:
    """Look for the stamp in ``dvc.lock`` by pattern: parsing YAML would cost more than the rest."""
    entry = rf"path: {re.escape(STAMP.as_posix())}\n\s+hash: md5\n\s+md5: (\w+)"
    locked = set(re.findall(entry, _read(lock) or ""))
    digest = hashlib.md5(found.encode("utf-8"), usedforsecurity=False).hexdigest()
    if not locked or digest in locked:
        return None
    return (
        f"dvc.lock was made with another Python than this {_short(found)}: corpora made of its "
        "own text will differ from the committed ones"
    )


def _listing_digest(root: Path) -> str:
    lines: list[str] = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(set(names) - NOT_STDLIB)
        place = Path(folder)
        lines += [
            f"{(place / name).stat().st_size} {(place / name).relative_to(root).as_posix()}\n"
            for name in sorted(files)
            if name.endswith(".py") and (place / name).is_file()  # no link into nothing
        ]
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8")).hexdigest()


def _short(stamp: str) -> str:
    """Return ``cpython 3.11.7 on linux, library 0a1b2c3d`` for a stamp."""
    facts = dict(line.split(": ", 1) for line in stamp.splitlines() if ": " in line)
    return (
        f"{facts.get('implementation', '?')} {facts.get('version', '?')} on "
        f"{facts.get('platform', '?')} (library {facts.get('library', '?')[:8]})"
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IntegrityError(f"cannot read {path}: {error}; remove or restore it") from None
