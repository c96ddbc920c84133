"""Whether a place can be written, asked before hours of work go into what is to lie there."""

import errno
import os
import shutil
from pathlib import Path

from alm.io.disk import explain_write


def free_bytes(path: Path) -> int:
    """Return what is free on the disk of ``path``, which need not be there yet."""
    return shutil.disk_usage(_standing(path)).free


def require_writable(path: Path) -> None:
    """Refuse a place where ``path`` could not be made or replaced. Nothing is written.

    Raises:
        AlmError: its disk is read-only, or this user may not write there.
    """
    place = _standing(path.parent)
    if not os.access(place, os.W_OK | os.X_OK):
        read_only = os.statvfs(place).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise explain_write(f"write {path}", OSError(number, os.strerror(number)))


def _standing(path: Path) -> Path:
    """Return ``path``, or the nearest above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())
