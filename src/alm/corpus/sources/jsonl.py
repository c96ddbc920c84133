"""Files of JSON lines: one document a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from alm.corpus.document import is_blank
from alm.corpus.quarantine import excerpt
from alm.corpus.sources.decoding import decode
from alm.corpus.sources.files import FileReader, SourceFile
from alm.corpus.sources.reader import Items, Notes, Span
from alm.corpus.sources.record import Record, Reject
from alm.corpus.sources.rows import FieldTally, RowReader, kind_of
from alm.io import parse_json

BOM = b"\xef\xbb\xbf"
SKIP_BYTES = 1 << 20  # held at a time of a line that is too long


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, or the beginning of one that is too long."""

    number: int
    offset: int
    """Bytes of the file before it."""
    data: bytes
    whole: bool


class JsonlReader(FileReader):
    """Read each line as one document, as the recipe's fields say.

    No more than ``max_doc_bytes`` of a line are ever held. A longer line is set aside even where
    long documents are cut, since half a line is no JSON.
    """

    def spans(self) -> list[Span]:
        """Cut the files into groups; a source that stops early is read by one, from the start."""
        spans = super().spans()
        stops_early = self.source.max_docs or self.source.target_tokens
        return [Span(0, spans[-1].stop)] if stops_early else spans

    def read(self, span: Span, notes: Notes) -> Items:
        """Yield one record a line; note how many rows lack a field.

        Where none of the first rows of the source has them, that is an error at once.
        """
        rows = FieldTally.begin(self.origin.config).facts()
        notes.update({"rows": rows, "is_first": span.start == 0})
        return super().read(span, notes)

    def read_file(self, stream: BinaryIO, file: SourceFile, notes: Notes) -> Items:
        """Yield one record a line."""
        tally = FieldTally.of(notes["rows"])
        rows = RowReader(self.source, tally)
        try:
            for line in read_lines(stream, self.origin.config.max_doc_bytes):
                item = self._read_line(line, file.name, rows)
                if notes["is_first"]:
                    tally.refuse(self.source, at_end=False)
                yield item
        finally:
            notes["rows"] = tally.facts()

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:
        """Complain where no row has the recipe's fields; say which files were read."""
        tally = FieldTally.begin(self.origin.config)
        for part in notes:
            tally.absorb(part["rows"])
            tally.refuse(self.source, at_end=False)
        tally.refuse(self.source, at_end=True)
        return super().close(notes)

    def _read_line(self, line: Line, name: str, rows: RowReader) -> Record | Reject:
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
        if not isinstance(row, dict):
            return Reject(place, "no_object", f"expected an object, found {kind_of(row)}", data)
        return rows.read(row, place, {"path": name, "line": line.number}, data)


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
