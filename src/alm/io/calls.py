"""The system calls that change the disk, one function each: all that alm writes comes through here.

Nothing is decided here; ``disk`` repeats, loops and explains. So whoever puts a fault, a kill or a
record in the place of one of these functions puts it under everything that alm does.
"""

import ctypes
import errno
import os
from pathlib import Path

PERMISSIONS = 0o666  # less what the user's umask takes
EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
WORKING_DIRECTORY = -100  # AT_FDCWD of Linux


def open_file(path: Path, flags: int) -> int:
    """Return a descriptor of a file or a folder."""
    return os.open(path, flags, PERMISSIONS)


def write(descriptor: int, data: memoryview) -> int:
    """Write the beginning of ``data``; return how many bytes that was."""
    return os.write(descriptor, data)


def truncate(descriptor: int) -> None:
    """Make a file empty."""
    os.ftruncate(descriptor, 0)


def sync(descriptor: int) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    os.fsync(descriptor)


def close(descriptor: int) -> None:
    """Give a descriptor back."""
    os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Give a file or a folder another name, taking it from what had it."""
    source.replace(target)


def exchange(first: Path, second: Path) -> None:
    """Let two files or folders take each other's name, in one instant.

    Raises:
        OSError: ENOSYS or EINVAL where the system or the file system cannot; others as they come.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if hasattr(libc, "renameat2"):
        here = WORKING_DIRECTORY
        failed = libc.renameat2(here, names[0], here, names[1], EXCHANGE)
    elif hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(*names, EXCHANGE)
    else:
        failed = ctypes.set_errno(errno.ENOSYS) or True
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def unlink(path: Path) -> None:
    """Remove a file or a link."""
    path.unlink()


def make_directory(path: Path) -> None:
    """Make one folder."""
    path.mkdir()


def remove_directory(path: Path) -> None:
    """Remove one empty folder."""
    path.rmdir()
