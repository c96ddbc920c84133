"""SHA-256 of bytes, files and trees, in lower-case hex."""

import hashlib
from pathlib import Path

_IGNORED = {"__pycache__"}


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
    lies. Compiled Python is passed over, as ``.dvcignore`` does.
    """
    if path.is_file():
        return sha256_file(path)
    lines = [
        f"{sha256_file(file)}  {file.relative_to(path).as_posix()}\n"
        for file in sorted(path.rglob("*"))
        if file.is_file() and not _IGNORED & set(file.parts)
    ]
    return sha256_bytes("".join(lines).encode("utf-8"))
