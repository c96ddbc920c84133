"""Write, sync, rename, sync: a file or directory is whole or absent, also after a power cut."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"  # suffix of what is still being written; a reader never opens it


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` with ``data``, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` with ``text`` in UTF-8, its newlines as they are."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a fresh folder that takes the place of ``path`` when the block ends without an error.

    What an interrupted run left under the working name is removed first. A reader sees the old
    folder, none for an instant, or the new one: never a mixture.
    """
    part = path.with_name(path.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    _sync_tree(part)
    if path.is_dir():
        shutil.rmtree(path)
    part.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(root: Path) -> None:
    for path in sorted(root.rglob("*")):
        sync_directory(path)  # fsync takes a file's descriptor just as well
    sync_directory(root)
