"""List every folder in another order than it has.

Python imports a module of this name at its start, before any code of ours, where its folder is on
the path: ``make verify`` puts it there. So a result that depends on the order in which a file
system happens to keep its names comes out as another one.
"""

import hashlib
import os
from collections.abc import Iterator
from typing import Any, Self

find_names, find_entries = os.listdir, os.scandir


def rank(name: str | bytes) -> bytes:
    """Return what names are sorted by: nothing that any file system sorts by."""
    return hashlib.sha256(os.fsencode(name)).digest()


def list_folder(path: Any = None) -> list[Any]:  # noqa: ANN401
    """Return what :func:`os.listdir` does, in our order."""
    return sorted(find_names(path), key=rank)


class Entries:
    """What :func:`os.scandir` gives, in our order."""

    def __init__(self, path: Any = None) -> None:  # noqa: ANN401
        with find_entries(path) as found:
            self._entries = iter(sorted(found, key=lambda entry: rank(entry.name)))

    def __iter__(self) -> Iterator[os.DirEntry]:
        """Return itself, as the original does."""
        return self

    def __next__(self) -> os.DirEntry:
        """Return the next entry."""
        return next(self._entries)

    def __enter__(self) -> Self:
        """Return itself, as the original does."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the listing."""
        self.close()

    def close(self) -> None:
        """End the listing."""
        self._entries = iter(())


os.listdir = list_folder
os.scandir = Entries
