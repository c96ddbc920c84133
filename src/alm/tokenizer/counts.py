r"""Counted words in sorted files: one a unit of text, merged in memory that they do not grow.

A line is a word, a tab and its count. Lines are in the order of the words' UTF-8 bytes, which is
that of their code points, so equal counts are equal files. A word holds neither ``\t`` nor ``\n``.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path

from alm.io import new_file

FAN_IN = 64  # files open at once


def write_counts(path: Path, counts: Mapping[str, int]) -> None:
    """Write counted words to a new file."""
    _write(path, ((word.encode("utf-8"), counts[word]) for word in sorted(counts)))


def read_rows(path: Path) -> Iterator[str]:
    """Yield the lines of a file without their ends, the way SentencePiece takes counted words."""
    with path.open("rb") as file:
        for line in file:
            yield line[:-1].decode("utf-8")


def merge_counts(paths: Iterable[Path], out: Path, fan_in: int = FAN_IN) -> None:
    """Add up the counts of several files in a new one.

    Args:
        paths: files of :func:`write_counts`.
        out: file to write; there are others beside it in the meantime.
        fan_in: files that are merged at once; more of them are merged in rounds.
    """
    given = list(paths)
    for n in count():
        if len(given) <= fan_in:
            break
        given = _merge_round(given, out.with_name(f"{out.name}.{n}"), fan_in)
    _write(out, _add_up(given))


def _merge_round(paths: list[Path], out: Path, fan_in: int) -> list[Path]:
    """Merge every ``fan_in`` files to one; return the new files."""
    merged = []
    for start in range(0, len(paths), fan_in):
        merged.append(out.with_name(f"{out.name}.{len(merged)}"))
        _write(merged[-1], _add_up(paths[start : start + fan_in]))
    return merged


def _add_up(paths: list[Path]) -> Iterator[tuple[bytes, int]]:
    words = heapq.merge(*map(_read, paths))
    for word, same in groupby(words, key=itemgetter(0)):
        yield word, sum(n for _, n in same)


def _read(path: Path) -> Iterator[tuple[bytes, int]]:
    with path.open("rb") as file:
        for line in file:
            word, _, n = line.partition(b"\t")
            yield word, int(n)


def _write(path: Path, counts: Iterable[tuple[bytes, int]]) -> None:
    with new_file(path) as file:
        file.writelines(b"%b\t%d\n" % each for each in counts)
