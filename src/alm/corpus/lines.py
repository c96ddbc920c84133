"""A file of JSON values, one a line: equal values give equal bytes."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from alm.io import canonical_json, new_file


def concatenate(paths: Iterable[Path], out: Path) -> None:
    """Write files of lines one behind the other to a new file."""
    with new_file(out) as target:
        for path in paths:
            with path.open("rb") as file:
                shutil.copyfileobj(file, target)


class LineWriter:
    """Write values to a new file as they come, for the length of a ``with`` block."""

    def __init__(self, path: Path) -> None:
        self._new = new_file(path)

    def write_line(self, value: object) -> None:
        """Append one value."""
        self._file.write(canonical_json(value).encode("utf-8") + b"\n")

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self._new.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the file its name, or after an error leave it without."""
        self._new.__exit__(kind, error, trace)
