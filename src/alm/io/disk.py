"""What the rest of ``alm.io`` does to the disk: all of it or a clear error, whatever a call does.

A write that took less than it was given goes on, a call that a signal cut short is made again, and
a call that fails is told with its path, its cause and a cure.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from alm.errors import AlmError, IntegrityError
from alm.io import calls

Result = TypeVar("Result")

ATTEMPTS = 100  # at a call that signals cut short; a call that always is must not hang us
FREE = "free some space (`make prune`)"
ALLOW = "make it writable for this user"
OPEN_FEWER = "raise the limit of open files (`ulimit -n`)"
CURES = {
    errno.ENOSPC: FREE,
    errno.EDQUOT: FREE,
    errno.EROFS: "mount it for writing, or name another place",
    errno.EACCES: ALLOW,
    errno.EPERM: ALLOW,
    errno.EMFILE: OPEN_FEWER,
    errno.ENFILE: OPEN_FEWER,
    errno.EFBIG: "raise the limit of a file's size (`ulimit -f`)",
    errno.EEXIST: "another process makes it too, so wait for that to end",
}
PASSING = {*CURES, errno.EINTR, errno.ENOMEM}  # say nothing about what lies on the disk
UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


def open_new(path: Path) -> int:
    """Open an empty file for writing, in place of what was there."""
    return _attempt(f"open {path}", calls.open_file, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def open_existing(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file or a folder that is there, or is made where ``flags`` say so."""
    return _attempt(f"open {path}", calls.open_file, path, flags)


def write_all(descriptor: int, data: memoryview, path: Path) -> None:
    """Write every byte of ``data`` to the open file at ``path``."""
    while data:
        n_written = _attempt(f"write {path}", calls.write, descriptor, data)
        if not n_written:  # no system should; but then it would not next time either
            raise explain_write(f"write {path}", OSError(errno.EIO, os.strerror(errno.EIO)))
        data = data[n_written:]


def truncate(descriptor: int, path: Path) -> None:
    """Make the open file at ``path`` empty."""
    _attempt(f"empty {path}", calls.truncate, descriptor)


def sync(descriptor: int, path: Path) -> None:
    """Make durable what the open file or folder at ``path`` holds.

    A drive that keeps bytes in a cache of its own and says that they are written is beyond us.
    """
    _attempt(f"make durable what was written to {path}", calls.sync, descriptor)


@contextmanager
def held_open(path: Path) -> Iterator[int]:
    """Open a file or a folder to read; whether it can be closed then is of no consequence."""
    descriptor = open_existing(path)
    try:
        yield descriptor
    finally:
        with suppress(AlmError):
            close(descriptor, path)


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable, or the bytes of a file."""
    with held_open(path) as descriptor:
        sync(descriptor, path)


def close(descriptor: int, path: Path) -> None:
    """Close the open file at ``path``; never twice, since its number may be another's by then."""
    _attempt(f"close {path}", calls.close, descriptor, unless=InterruptedError)


def rename(source: Path, target: Path, *, unless: type[OSError] | None = None) -> None:
    """Give a file or a folder another name; an error of the kind ``unless`` is passed over."""
    _attempt(f"rename {source} to {target}", calls.rename, source, target, unless=unless)


def exchange(first: Path, second: Path) -> bool:
    """Let two folders take each other's name in one instant; False where the disk cannot."""
    try:
        _attempt(f"exchange {first} and {second}", calls.exchange, first, second)
    except AlmError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in UNSUPPORTED:
            return False
        raise
    return True


def make_directory(path: Path, *, unless: type[OSError] | None = None) -> None:
    """Make one folder; an error of the kind ``unless`` is passed over."""
    _attempt(f"make {path}", calls.make_directory, path, unless=unless)


def make_directories(path: Path) -> None:
    """Make a folder and those above it where they are absent, each with a durable name."""
    if path.is_dir():
        return
    make_directories(path.parent)
    make_directory(path, unless=FileExistsError)
    sync_directory(path.parent)


def remove_tree(path: Path) -> None:
    """Remove a file, a link, or a folder with all that lies in it; what is gone is passed over."""
    call = calls.unlink
    if path.is_dir() and not path.is_symlink():
        names = _attempt(f"read {path}", os.listdir, path, unless=FileNotFoundError)
        for name in sorted(names or []):
            remove_tree(path / name)
        call = calls.remove_directory
    _attempt(f"remove {path}", call, path, unless=FileNotFoundError)


def discard(path: Path) -> None:
    """Remove what nobody needs; where that fails, it is left to whoever comes next."""
    with suppress(AlmError):
        remove_tree(path)


def explain_write(attempt: str, error: OSError) -> AlmError:
    """Return the error that tells which attempt failed, why, and what to do."""
    cure = CURES.get(error.errno or 0, "see to the disk")
    return AlmError(f"cannot {attempt}: {error.strerror}; {cure}, and run the same command again")


def explain_read(path: Path, error: OSError) -> AlmError:
    """Return the error that tells why a file of ours cannot be read.

    It is an IntegrityError where the file is to blame, and none where it may be sound: too many
    files are open, or the user may not read it.
    """
    if error.errno in PASSING:
        return explain_write(f"read {path}", error)
    return IntegrityError(f"cannot read {path}: {error.strerror}; build it again")


def _attempt(
    attempt: str,
    call: Callable[..., Result],
    *arguments: object,
    unless: type[OSError] | None = None,
) -> Result | None:
    """Make a call, again where a signal cut it short.

    Args:
        attempt: what it is for, to follow "cannot".
        call: a system call.
        arguments: its arguments.
        unless: kind of error for which None is returned.

    Raises:
        AlmError: it failed; the message says for what, and why.
    """
    for _ in range(ATTEMPTS):
        try:
            return call(*arguments)
        except OSError as error:
            if unless and isinstance(error, unless):
                return None
            if not isinstance(error, InterruptedError):
                raise explain_write(attempt, error) from error
            interrupted = error
    raise explain_write(attempt, interrupted)
