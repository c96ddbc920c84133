"""Files of plain text: one document each."""

from collections.abc import Iterator
from typing import BinaryIO

from alm.corpus.sources.decoding import decode
from alm.corpus.sources.files import FileReader, SourceFile
from alm.corpus.sources.pieces import split_stream
from alm.corpus.sources.reader import Items, Notes
from alm.corpus.sources.record import Record, Reject


class TextReader(FileReader):
    """Read each file as one document; its name below the input is its id.

    No more than ``max_doc_bytes`` of a file are ever held: a longer one is set aside, or cut at
    line ends into documents ``name#0``, ``name#1`` and so on.
    """

    def read_file(
        self,
        stream: BinaryIO,
        file: SourceFile,
        notes: Notes,  # noqa: ARG002
    ) -> Items:
        """Yield the file's text, or its pieces."""
        limit = self.origin.config.max_doc_bytes
        head = stream.read(limit + 1)
        if len(head) <= limit:
            yield self._record(head, file.name, 0, {"path": file.name})
        elif self.origin.config.on_long_document == "quarantine":
            detail = f"expected at most {limit} bytes (ingest.max_doc_bytes), found more"
            yield Reject(file.name, "too_long", detail, head)
        else:
            yield from self._pieces(head, stream, file, limit)

    def _pieces(
        self, head: bytes, stream: BinaryIO, file: SourceFile, limit: int
    ) -> Iterator[Record | Reject]:
        offset = 0
        for k, piece in enumerate(split_stream(stream.read, limit, head)):
            meta = {"path": file.name, "piece": k}
            yield self._record(piece, f"{file.name}#{k}", offset, meta)
            offset += len(piece)

    def _record(self, data: bytes, name: str, offset: int, meta: dict) -> Record | Reject:
        text = decode(data, name, offset, self.origin.config)
        return text if isinstance(text, Reject) else Record(name, text, meta, name)
