"""One process at a time in a directory: a kernel lock, which dies with its holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alm.errors import AlmError, LockedError
from alm.io import disk

NAME = ".lock"
STOPPING = "stopping"
PATIENCE_SECONDS = 120.0  # it takes at most to save a state and leave
GRACE_SECONDS = 2.0  # it takes at most to write a number into the file once one has the lock
POLL_SECONDS = 0.1
NOTE_BYTES = 100  # more than a number and a word


@contextmanager
def hold_lock(
    directory: Path, patience: float = PATIENCE_SECONDS, is_brief: bool = False
) -> Iterator[None]:
    """Hold ``directory`` for the length of the block; a killed holder leaves nothing stale.

    Args:
        directory: what to hold; made where it is absent.
        patience: seconds to wait for a holder that called :func:`announce_stop`, since it is about
            to leave; no other is waited for.
        is_brief: whether the block is short, so that it is about to be left from its beginning.

    Raises:
        LockedError: another process holds it; the message names its pid.
        AlmError: nothing can be written there.
    """
    path = directory / NAME
    note = f"{os.getpid()} {STOPPING}" if is_brief else f"{os.getpid()}"
    descriptor = _acquire(path, patience)
    try:
        disk.truncate(descriptor, path)
        disk.write_all(descriptor, memoryview(note.encode()), path)
        yield
    finally:
        with suppress(AlmError):  # a courtesy to who comes next: no dead process is named
            disk.truncate(descriptor, path)
        with suppress(AlmError):
            disk.close(descriptor, path)


def announce_stop(directory: Path) -> None:
    """Tell whoever wants the lock of ``directory`` next that its holder is about to leave.

    Nothing is raised where that cannot be written: no stop should fail for it.
    """
    path = directory / NAME
    with suppress(AlmError):
        descriptor = disk.open_existing(path, os.O_WRONLY | os.O_APPEND)
        try:
            disk.write_all(descriptor, memoryview(f" {STOPPING}".encode()), path)
        finally:
            disk.close(descriptor, path)


def _acquire(path: Path, patience: float) -> int:
    """Return the descriptor of the lock file, locked."""
    begun = time.monotonic()
    while True:
        disk.make_directories(path.parent)
        descriptor = disk.open_existing(path, os.O_RDWR | os.O_CREAT)
        is_locked = _try_to_lock(descriptor)
        # A former holder may have removed the folder, and this file with it: only what lies there
        # now keeps others out.
        if is_locked and _is_at(descriptor, path):
            return descriptor
        note = os.pread(descriptor, NOTE_BYTES, 0)
        disk.close(descriptor, path)
        if not is_locked:
            _refuse_unless_worth_waiting(note, path.parent, time.monotonic() - begun, patience)
            time.sleep(POLL_SECONDS)


def _try_to_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_unless_worth_waiting(
    note: bytes, directory: Path, waited: float, patience: float
) -> None:
    """Name the holder, unless it leaves soon, or took the lock just now and has yet to say so."""
    holder, *stopping = note.split() or [b"unknown"]
    unsaid = 0.0 if _is_alive(holder) else GRACE_SECONDS
    if waited >= (patience if stopping else unsaid):
        raise LockedError(
            f"{directory} is in use by process {holder.decode(errors='replace')}; wait for it to "
            "end, or stop it"
        )


def _is_alive(holder: bytes) -> bool:
    """Whether this is the number of a process; one that was killed may still stand in the file."""
    try:
        os.kill(int(holder), 0)
    except PermissionError:
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that now lies at ``path``."""
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())
