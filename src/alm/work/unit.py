"""A piece of a stage's input: where it is cut follows from the data, never from who works on it."""

from dataclasses import dataclass
from pathlib import Path

from alm.errors import IntegrityError

UNIT_BYTES = 4 * 2**20  # long enough to be worth a process, short enough to be held in memory


@dataclass(frozen=True, slots=True)
class Unit:
    """Some of a stage's input, by its number in the order of the whole."""

    number: int
    label: str
    """What it is a piece of, where a stage reads several things."""
    path: Path | None
    start: int
    """First byte, or first record; what it counts is the stage's own matter."""
    stop: int
    """One past the last."""


def cut_lines(path: Path, label: str = "", first: int = 0) -> list[Unit]:
    r"""Cut a file of lines into units of ``UNIT_BYTES`` or a little more; an empty one is a unit.

    Args:
        path: a file of lines.
        label: of the units.
        first: number of the first unit.

    Raises:
        IntegrityError: the file cannot be read.
    """
    try:
        ends = _find_ends(path)
    except OSError as error:
        raise IntegrityError(f"cannot read {path}: {error.strerror}; build it again") from None
    starts = [0, *ends[:-1]]
    return [
        Unit(first + i, label, path, start, stop)
        for i, (start, stop) in enumerate(zip(starts, ends, strict=True))
    ]


def _find_ends(path: Path) -> list[int]:
    n_bytes = path.stat().st_size
    ends: list[int] = []
    with path.open("rb") as file:
        while (end := (ends[-1] if ends else 0) + UNIT_BYTES) < n_bytes:
            file.seek(end - 1)
            file.readline()
            ends.append(file.tell())
    return ends if ends and ends[-1] == n_bytes else [*ends, n_bytes]
