"""Write, sync, rename, sync: a file or directory is whole or absent, also after a power cut."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from alm.errors import AlmError, LockedError
from alm.io import disk

PART = ".part"  # suffix of what is still being written; a reader never opens it
OLD = ".old"  # suffix of a folder that was replaced, until it is gone
BUFFER_BYTES = 1 << 17


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Fill a fresh file that takes the place of ``path`` when the block ends without an error.

    After an error nothing of it is left; after a kill, a part that the next writer goes over.

    Raises:
        AlmError: the disk is full, not to be written or fails; the old file is as it was, unless
            the message says that the new one is written.
    """
    disk.make_directories(path.parent)
    part = path.with_name(path.name + PART)
    try:
        with (
            _NewFile(disk.open_new(part), part) as raw,
            io.BufferedWriter(raw, BUFFER_BYTES) as file,
        ):
            yield file
            file.flush()
            raw.sync()
        disk.rename(part, path)
    except BaseException:
        disk.discard(part)
        raise
    _make_durable(path)


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
    folder or the new one: never a mixture, nor a folder half removed. On the rare file system that
    cannot exchange two names it may see none for an instant.

    Raises:
        LockedError: another process began to fill the same folder meanwhile; nothing is replaced.
        AlmError: the disk is full, not to be written or fails; the old folder is as it was, unless
            the message says that the new one is written.
    """
    restore_replaced(path)
    part, old = _working_names(path)
    for leftover in (part, old):
        disk.remove_tree(leftover)
    disk.make_directories(path.parent)
    disk.make_directory(part)
    with disk.held_open(part) as own:  # so that no other folder gets its number meanwhile
        try:
            yield part
            _sync_tree(part)
            disk.sync(own, part)
            _require_own(own, part, path)
            _put_in_place(part, path)
        except BaseException:
            if _is_at(own, part) and not _is_half_replaced(path):
                disk.discard(part)
            raise
    _make_durable(path)
    for leftover in (part, old):
        disk.discard(leftover)


def restore_replaced(path: Path) -> None:
    """Put back the old folder, where a kill came between its renaming and that of the new one."""
    if _is_half_replaced(path):
        _, old = _working_names(path)
        disk.rename(old, path)
        disk.sync_directory(path.parent)


class _NewFile(io.RawIOBase):
    """A file being written, always in full; it hides its descriptor, so that none goes past us."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:
        disk.write_all(self._descriptor, memoryview(data), self._path)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def sync(self) -> None:
        disk.sync(self._descriptor, self._path)

    def close(self) -> None:
        if not self.closed:
            super().close()
            disk.close(self._descriptor, self._path)


def _working_names(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + PART), path.with_name(path.name + OLD)


def _is_half_replaced(path: Path) -> bool:
    """Whether the old folder has lost its name already, and the new one has yet to get it."""
    part, old = _working_names(path)
    return part.is_dir() and old.is_dir() and not os.path.lexists(path)


def _put_in_place(part: Path, path: Path) -> None:
    """Give a finished folder its name; if that fails, whoever had the name keeps it."""
    if not path.is_dir():
        disk.rename(part, path)
    elif not disk.exchange(part, path):
        _replace_in_two_steps(part, path)


def _replace_in_two_steps(part: Path, path: Path) -> None:
    disk.sync_directory(path.parent)  # the old folder is put back only where the part is seen
    disk.rename(path, path.with_name(path.name + OLD))
    try:
        disk.rename(part, path)
    except AlmError:
        restore_replaced(path)
        raise


def _make_durable(path: Path) -> None:
    """Make a name that was given durable; if that fails, say that it was given."""
    try:
        disk.sync_directory(path.parent)
    except AlmError as error:
        raise AlmError(f"{path} is written, but may not survive a power cut: {error}") from error


def _require_own(descriptor: int, part: Path, path: Path) -> None:
    if not _is_at(descriptor, part):
        raise LockedError(
            f"{part} was removed or replaced by another process; run one build of {path} at a time"
        )


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open folder is the one that now lies at ``path``."""
    return path.is_dir() and os.path.samestat(os.fstat(descriptor), path.stat())


def _sync_tree(root: Path) -> None:
    """Make what lies in a folder durable, at any depth."""
    for path in sorted(root.rglob("*")):
        disk.sync_directory(path)  # fsync takes a file's descriptor just as well
