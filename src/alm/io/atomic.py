"""Write, sync, rename, sync: a file or directory is whole or absent, also after a power cut."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from alm.errors import LockedError

PART = ".part"  # suffix of what is still being written; a reader never opens it
OLD = ".old"  # suffix of a folder that was replaced, until it is gone


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Fill a fresh file that takes the place of ``path`` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_directory(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` with ``data``, making its folder if need be."""
    with new_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` with ``text`` in UTF-8, its newlines as they are."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a fresh folder that takes the place of ``path`` when the block ends without an error.

    What an interrupted run left under the working names is removed first. A reader sees the old
    folder, none for an instant, or the new one: never a mixture, nor a folder half removed.

    Raises:
        LockedError: another process began to fill the same folder meanwhile; nothing is replaced.
    """
    part, old = (path.with_name(path.name + suffix) for suffix in (PART, OLD))
    for leftover in (part, old):
        shutil.rmtree(leftover, ignore_errors=True)
    part.mkdir(parents=True)
    with _hold(part) as own:
        yield part
        _sync_tree(part)
        os.fsync(own)
        if not _is_at(own, part):
            raise LockedError(
                f"{part} was removed or replaced by another process; run one build of {path} at a "
                "time"
            )
    if path.is_dir():
        path.replace(old)
    part.replace(path)
    sync_directory(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _hold(directory: Path) -> Iterator[int]:
    """Keep a folder open, so that no other one gets its number while the block lasts."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open folder is the one that now lies at ``path``."""
    return path.is_dir() and os.path.samestat(os.fstat(descriptor), path.stat())


def _sync_tree(root: Path) -> None:
    """Make what lies in a folder durable, at any depth."""
    for path in sorted(root.rglob("*")):
        sync_directory(path)  # fsync takes a file's descriptor just as well
