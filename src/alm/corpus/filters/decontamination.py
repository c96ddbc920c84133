"""Which texts hold a passage of what a model will be examined on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from alm.corpus.shingles import shingle_texts
from alm.errors import ConfigError, InputError
from alm.io import parse_json

CELL_BITS = 20
LINES = ".jsonl"


@dataclass(frozen=True)
class Passages:
    """All runs of so many words in evaluation files.

    Reference:
        Brown et al. 2020, Language models are few-shot learners, appendix C, who look for 13 words
        in a row. We depart: words are those that near-duplicates are found by, and a document is
        dropped whole. A shorter text of a file is found only where it is all that a document says.
    """

    n_words: int
    hashes: np.ndarray
    """``(n,)`` uint64, ascending, each once."""
    cells: np.ndarray
    """``(2**CELL_BITS,)`` bool: whether a hash that ends in these bits is among them."""

    @classmethod
    def of(cls, texts: Iterable[bytes], n_words: int) -> Self:
        """Take the runs of words of texts in UTF-8."""
        hashes = np.unique(shingle_texts(texts, n_words).hashes)
        cells = np.zeros(1 << CELL_BITS, bool)
        cells[_cell(hashes)] = True
        return cls(n_words, hashes, cells)

    def count_in(self, texts: Sequence[bytes]) -> np.ndarray:
        """Return how many runs each text has in common with the files: ``(n,)`` int64."""
        runs = shingle_texts(texts, self.n_words)
        places = np.flatnonzero(self.cells[_cell(runs.hashes)])  # few, unless there is something
        places = places[np.isin(runs.hashes[places], self.hashes)]
        owners = np.searchsorted(np.cumsum(runs.counts), places, side="right")
        return np.bincount(owners, minlength=len(texts))


def find_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return the evaluation files of some names.

    Raises:
        ConfigError: one is absent, or lies elsewhere.
    """
    paths = [folder / name for name in names]
    for path in paths:
        if not path.is_file() or ".." in path.parts:
            raise ConfigError(
                f"expected a file below {folder}, found none at {path}; put it there, or take its "
                "name out of filter.decontamination.files"
            )
    return paths


def read_texts(path: Path) -> Iterator[bytes]:
    """Yield the texts of an evaluation file: every string of every row of JSON lines, or the whole.

    Raises:
        InputError: a line is no JSON; the message names it.
    """
    data = path.read_bytes()
    if path.suffix != LINES:
        yield data
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield from _strings(_parse(line, f"{path}, line {number}"))


def _cell(hashes: np.ndarray) -> np.ndarray:
    return (hashes & np.uint64((1 << CELL_BITS) - 1)).astype(np.int64)


def _parse(line: bytes, place: str) -> object:
    try:
        return parse_json(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected JSON in {place}, found none: {error}; correct it") from None


def _strings(value: Any) -> Iterator[bytes]:  # noqa: ANN401
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
