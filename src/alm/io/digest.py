"""SHA-256 of bytes, files and trees, in lower-case hex."""

import errno
import hashlib
import os
from pathlib import Path

from alm.io.ignored import is_ignored


def sha256_bytes(data: bytes) -> str:
    """Return the digest of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the digest of a file's bytes, reading it in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_tree(path: Path) -> str:
    """Return one digest for a file, or for a folder's names and contents.

    Names count relative to ``path`` and in sorted order, so a tree has one digest wherever it
    lies. What ``.dvcignore`` passes over is passed over here.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
    """
    if path.is_file():
        return sha256_file(path)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    names = [file.relative_to(path) for file in files]
    counted = [name for name in names if not is_ignored(name)]
    lines = [f"{sha256_file(path / name)}  {name.as_posix()}\n" for name in counted]
    return sha256_bytes("".join(lines).encode("utf-8"))
