"""One process at a time in a directory: a kernel lock, which dies with its holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from alm.errors import LockedError

NAME = ".lock"
STOPPING = "stopping"
PATIENCE_SECONDS = 120.0  # it takes at most to save a state and leave
POLL_SECONDS = 0.1


@contextmanager
def hold_lock(directory: Path, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold ``directory`` for the length of the block; a killed holder leaves nothing stale.

    Args:
        directory: what to hold; made where it is absent.
        patience: seconds to wait for a holder that called :func:`announce_stop`, since it is about
            to leave; no other is waited for.

    Raises:
        LockedError: another process holds it; the message names its pid.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / NAME).open("a+", encoding="utf-8", errors="replace") as file:
        _acquire(file, directory, patience)
        file.truncate(0)
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def announce_stop(directory: Path) -> None:
    """Tell whoever wants the lock of ``directory`` next that its holder is about to leave."""
    with (directory / NAME).open("a", encoding="utf-8") as file:
        file.write(f" {STOPPING}")


def _acquire(file: IO[str], directory: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder, *stopping = file.read().split() or ["unknown"]
            if not stopping or time.monotonic() > deadline:
                raise LockedError(
                    f"{directory} is in use by process {holder}; wait for it to end, or stop it"
                ) from None
        time.sleep(POLL_SECONDS)
