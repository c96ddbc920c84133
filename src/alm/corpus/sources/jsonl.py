"""Files of JSON lines: one document a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any, BinaryIO

from alm.config import JsonlSource
from alm.corpus.document import is_blank
from alm.corpus.quarantine import excerpt
from alm.corpus.sources.decoding import decode
from alm.corpus.sources.files import FileReader, SourceFile
from alm.corpus.sources.record import Origin, Record, Reject
from alm.errors import ConfigError
from alm.io import parse_json

BOM = b"\xef\xbb\xbf"
SKIP_BYTES = 1 << 20  # held at a time of a line that is too long
KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a truth value",
    NoneType: "null",
}
ROWS_TO_TELL = 1000  # rows after which a field that none of them has is a mistake in the recipe


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, or the beginning of one that is too long."""

    number: int
    offset: int
    """Bytes of the file before it."""
    data: bytes
    whole: bool


class JsonlReader(FileReader):
    """Read each line as one document: ``text_field``, and ``id_field`` where there is one.

    No more than ``max_doc_bytes`` of a line are ever held. A longer line is set aside even where
    long documents are cut, since half a line is no JSON.
    """

    def __init__(self, source: JsonlSource, origin: Origin) -> None:
        super().__init__(source, origin)
        self._fields = FieldCheck(source, min(ROWS_TO_TELL, origin.config.max_bad_run + 1))

    def __iter__(self) -> Iterator[Record | Reject]:
        """Yield every record; at the end, complain where no row had the recipe's fields."""
        yield from super().__iter__()
        self._fields.close()

    def read_file(self, stream: BinaryIO, file: SourceFile) -> Iterator[Record | Reject]:
        """Yield one record a line."""
        for line in read_lines(stream, self.origin.config.max_doc_bytes):
            yield self._read_line(line, file.name)

    def _read_line(self, line: Line, name: str) -> Record | Reject:
        place = f"{name}:{line.number}"
        if not line.whole:
            detail = f"expected at most {len(line.data) - 1} bytes (ingest.max_doc_bytes) in a line"
            return Reject(place, "too_long", detail, line.data)
        data = line.data.removeprefix(BOM) if line.offset == 0 else line.data
        text = decode(data, place, line.offset, self.origin.config)
        if isinstance(text, Reject):
            return text
        if is_blank(text):
            return Record(place, "", {}, None)  # counted as empty by whoever takes it
        try:
            row = parse_json(text)
        except ValueError as error:
            return Reject(place, "bad_json", excerpt(str(error)), data)
        return self._read_row(row, place, {"path": name, "line": line.number}, data)

    def _read_row(self, row: Any, place: str, meta: dict, data: bytes) -> Record | Reject:  # noqa: ANN401
        if not isinstance(row, dict):
            return Reject(place, "no_object", f"expected an object, found {_kind(row)}", data)
        if problem := self._fields.check(row):
            return Reject(place, *problem, data)
        given = row[self.source.id_field] if self.source.id_field else None
        text = row[self.source.text_field]
        return Record(place, text, meta, None if given is None else str(given))


class FieldCheck:
    """Look for a recipe's fields in rows, and notice when no row at all has them."""

    def __init__(self, source: JsonlSource, patience: int) -> None:
        self._source = source
        self._patience = patience
        self._n_right = 0
        self._n_wrong = 0
        self._seen: dict[str, str] = {}

    def check(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """Return reason and detail where a row lacks a field.

        Raises:
            ConfigError: no row so far had the fields, and they were enough to tell.
        """
        problem = self._find_problem(row)
        if problem is None:
            self._n_right += 1
            return None
        self._n_wrong += 1
        self._seen.update({name: _kind(value) for name, value in row.items()})
        if self._n_wrong == self._patience:
            self.close()
        return problem

    def close(self) -> None:
        """Raise ConfigError, listing the fields there are, when every row lacked one of ours."""
        if self._n_right or not self._n_wrong:
            return
        wanted = [f"text_field {self._source.text_field!r} (a string)"]
        if self._source.id_field:
            wanted.append(f"id_field {self._source.id_field!r} (a string or an integer)")
        found = ", ".join(f"{name} ({kind})" for name, kind in sorted(self._seen.items())[:20])
        raise ConfigError(
            f"source {self._source.name!r}: expected {' and '.join(wanted)} in its rows, but none "
            f"of the first {self._n_wrong:,} has that; their fields are: {excerpt(found)}; correct "
            "the recipe"
        )

    def _find_problem(self, row: dict[str, Any]) -> tuple[str, str] | None:
        wanted = {self._source.text_field: str}
        if self._source.id_field:
            wanted[self._source.id_field] = str | int
        for name, kind in wanted.items():
            if name not in row:
                return "missing_field", f"no field {name!r}"
            if not isinstance(row[name], kind) or isinstance(row[name], bool):
                return "wrong_type", f"field {name!r} is {_kind(row[name])}"
        return None


def read_lines(stream: BinaryIO, limit: int) -> Iterator[Line]:
    r"""Yield lines that end at ``\n``, holding at most ``limit`` bytes of each."""
    number, offset = 0, 0
    while data := stream.readline(limit + 1):
        number += 1
        whole = len(data) <= limit or data.endswith(b"\n")
        yield Line(number, offset, data, whole)
        offset += len(data)
        if not whole:
            offset += _skip_line(stream)


def _skip_line(stream: BinaryIO) -> int:
    """Read to the end of a line; return how many bytes that was."""
    skipped = 0
    while data := stream.readline(SKIP_BYTES):
        skipped += len(data)
        if data.endswith(b"\n"):
            break
    return skipped


def _kind(value: object) -> str:
    return KINDS[type(value)]
