"""What deduplication knows of each document: a row of 59 bytes, in files and in memory.

The plan is made from these rows alone. Neither texts nor ids are held, nor any Python object a
document.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alm.corpus.document import Document, read_unit
from alm.corpus.shingles import U64
from alm.errors import IntegrityError
from alm.io import canonical_json, write_bytes
from alm.work import Unit

ROW = np.dtype(
    [
        ("sha256", "<u8", 4),  # of the text
        ("start", "<u8"),  # byte of the documents file where its line begins
        ("text_bytes", "<u8"),  # in UTF-8
        ("group", "<u8"),  # hash of meta.group; 0 without one
        ("source", "<u2"),  # its number in the recipe's order
        ("has_words", "?"),
    ]
)
PLANTED = np.dtype([("document", "<u8"), ("of", "<u8"), ("is_near", "?")])
EXACT, NEAR = "exact_duplicate", "near_duplicate"  # in meta.truth of generated documents

Rows = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Digests:
    """Rows of the documents of a unit, with what only scoring needs."""

    rows: Rows
    names: U64
    """Hash of each document's source and id."""
    planted: Rows
    """Of the copies that a generator planted: their place in the unit, and their original."""


def digest_documents(
    documents: Sequence[Document], starts: Sequence[int], sources: Sequence[str]
) -> Digests:
    """Return the digests of documents, ``has_words`` not filled in yet.

    Raises:
        IntegrityError: a document comes from a source that is not listed.
    """
    numbers = {name: number for number, name in enumerate(sources)}
    rows = np.zeros(len(documents), ROW)
    for row, document, start in zip(rows, documents, starts, strict=True):
        if document.source not in numbers:
            raise IntegrityError(
                f"document {document.id!r}: expected a source among {', '.join(sources)}, found "
                f"{document.source!r}; build its corpus again"
            )
        text = document.text.encode("utf-8")
        row["sha256"] = np.frombuffer(hashlib.sha256(text).digest(), "<u8")
        row["start"], row["text_bytes"] = start, len(text)
        row["group"] = _hash_group(document)
        row["source"] = numbers[document.source]
    names = [hash_name(document.source, document.id) for document in documents]
    return Digests(rows, np.array(names, np.uint64), _list_planted(documents))


def find_starts(unit: Unit) -> list[int]:
    """Return the byte where each line of a unit begins."""
    starts: list[int] = []
    start = unit.start
    with unit.path.open("rb") as file:
        file.seek(start)
        while start < unit.stop:
            starts.append(start)
            start += len(file.readline())
    return starts


def hash_name(source: str, name: str) -> int:
    """Return 64 bits for a document's source and id."""
    return _hash64(canonical_json([source, name]))


def write_array(path: Path, array: NDArray) -> None:
    """Write the bytes of an array, each number's lowest first on any machine."""
    write_bytes(path, array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def read_rows(paths: Iterable[Path], counts: Sequence[int], dtype: np.dtype) -> Rows:
    """Return the rows of all files in order, never holding them twice."""
    rows = np.empty(sum(counts), dtype)
    stop = 0
    for path, count in zip(paths, counts, strict=True):
        start, stop = stop, stop + count
        rows[start:stop] = np.fromfile(path, dtype)
    return rows


def read_documents_with_starts(unit: Unit) -> Iterator[tuple[Document, int]]:
    """Yield each document of a unit with the byte where its line begins."""
    return zip(read_unit(unit), find_starts(unit), strict=True)


def _list_planted(documents: Sequence[Document]) -> Rows:
    found = [
        (i, hash_name(each.source, each.meta.get("of", "")), each.meta["truth"] == NEAR)
        for i, each in enumerate(documents)
        if each.meta.get("truth") in (EXACT, NEAR)
    ]
    return np.array(found, PLANTED)


def _hash_group(document: Document) -> int:
    group = document.meta.get("group")
    return 0 if group is None else _hash64(canonical_json(group))


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "little")
