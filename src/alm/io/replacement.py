"""Whether a folder that somebody names by hand may be replaced by what a verb writes."""

import re
from pathlib import Path

from alm.errors import InputError, IntegrityError
from alm.io.atomic import OLD, PART
from alm.io.manifest import Manifest


def require_replaceable(out: Path, kind: str, written: re.Pattern[str]) -> None:
    """Refuse to write where anything would be lost but what the same verb wrote, whole or begun.

    Args:
        out: the folder to make; the names that are worked under are looked at too.
        kind: of the manifest that the verb leaves.
        written: names of the files that it writes.

    Raises:
        InputError: something else lies there, or ``out`` names no folder.
    """
    if not out.name:
        raise InputError(f"expected OUT= to name a folder, found {str(out)!r}; name a new one")
    for path in (out, *(out.with_name(out.name + suffix) for suffix in (OLD, PART))):
        is_left = path != out and _is_begun(path, written)
        if (path.exists() or path.is_symlink()) and not (is_left or _is_whole(path, kind)):
            raise InputError(
                f"expected nothing at {path}, or what was written there so before, found something "
                "else, which would be removed; name a new folder as OUT="
            )


def _is_whole(path: Path, kind: str) -> bool:
    try:
        Manifest.read(path, kind)
    except IntegrityError:
        return False
    return not path.is_symlink()


def _is_begun(path: Path, written: re.Pattern[str]) -> bool:
    """Whether a folder holds nothing but what the verb writes."""
    if path.is_symlink() or not path.is_dir():
        return False
    names = [name.removesuffix(PART) for name in sorted(each.name for each in path.iterdir())]
    are_files = all(each.is_file() for each in sorted(path.iterdir()))
    return are_files and all(map(written.fullmatch, names))
