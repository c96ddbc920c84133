"""One process at a time in a directory: a kernel lock, which dies with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alm.errors import LockedError


@contextmanager
def hold_lock(directory: Path) -> Iterator[None]:
    """Hold ``directory`` for the length of the block; a killed holder leaves nothing stale.

    Raises:
        LockedError: another process holds it; the message names its pid.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / ".lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LockedError(
                f"{directory} is in use by process {file.read().strip() or 'unknown'}; wait for it "
                "to end, or stop it"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
