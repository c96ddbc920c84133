"""The record that text stages hand to each other, and its file: one JSON document a line."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.corpus.lines import LineWriter
from alm.errors import IntegrityError
from alm.io import parse_json
from alm.work import Unit

FIELDS = {"id", "meta", "source", "text"}
ID_DIGITS = 16  # of a made id, in hex: 64 bits

# Spelt out, because what str.strip() takes for a space changes with Python's Unicode tables.
BLANK = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
BLANK += "".join(map(chr, range(0x2000, 0x200C)))  # en quad ... zero width space


@dataclass(frozen=True, slots=True)
class Document:
    """One text, where it came from, and what is known about it."""

    id: str
    """Unique within its source."""
    source: str
    """Name of a source of the recipe."""
    text: str
    meta: dict[str, Any]
    """What later stages may use: the path, ground truth. Never trained on."""


class DocumentWriter(LineWriter):
    """Write documents to a new file, one a line."""

    def write(self, document: Document) -> None:
        """Append one document."""
        self.write_line({name: getattr(document, name) for name in FIELDS})


def write_documents(path: Path, documents: Iterable[Document]) -> None:
    """Write documents to a file, holding one at a time."""
    with DocumentWriter(path) as writer:
        for document in documents:
            writer.write(document)


def read_documents(path: Path, start: int = 0, stop: int | None = None) -> Iterator[Document]:
    r"""Yield the documents of a file in order, holding one at a time.

    Lines end at ``\n`` alone: a text may hold U+2028 and the like.

    Args:
        path: a file that :func:`write_documents` wrote.
        start: byte at which the first line to read begins.
        stop: byte before which the last one ends; None reads to the end.

    Raises:
        IntegrityError: the file is absent, or a line is no document; the message names the line,
            counted from ``start``.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise IntegrityError(f"cannot read {path}: {error.strerror}; build it again") from None
    place = f"{path} from byte {start}" if start else str(path)
    with file:
        file.seek(start)
        for number, line in enumerate(file, start=1):
            if stop is not None and start >= stop:
                break
            start += len(line)
            yield _parse(line, f"{place}, line {number}")


def read_unit(unit: Unit) -> Iterator[Document]:
    """Yield the documents of a unit of a documents file."""
    return read_documents(unit.path, unit.start, unit.stop)


def make_id(source: str, ordinal: int) -> str:
    """Return the id of a document that has none: its place within its source, hashed."""
    return hashlib.sha256(f"{source}:{ordinal}".encode()).hexdigest()[:ID_DIGITS]


def name_piece(name: str, number: int) -> str:
    """Return the id of a piece, counted from 0, of a document that was too long."""
    return f"{name}#{number}"


def is_blank(text: str) -> bool:
    """Tell whether a text is empty or holds nothing but spaces."""
    return not text.strip(BLANK)


def _parse(line: bytes, place: str) -> Document:
    try:
        fields = parse_json(line.decode("utf-8"))
    except ValueError as error:
        raise IntegrityError(f"{place} is damaged: {error}; build it again") from None
    if not isinstance(fields, dict) or set(fields) != FIELDS:
        raise IntegrityError(f"{place}: expected a document ({', '.join(sorted(FIELDS))})")
    document = Document(**fields)
    names = (document.id, document.source, document.text)
    if not all(isinstance(name, str) for name in names) or not isinstance(document.meta, dict):
        raise IntegrityError(f"{place}: a field of the document has the wrong type; build it again")
    return document
