"""The documents of one unit as tokens, in files: what a worker leaves for the merge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from alm.data import PackedDocument, Vocabulary
from alm.errors import IntegrityError
from alm.io import new_file, write_bytes
from alm.work import Unit

TOKENS, INDEX = "tokens.u32", "documents.u64"
N_COLUMNS = 4
CHUNK_LINES = 2**20  # bytes of a documents file that are looked through at once


class Document(Protocol):
    """What is needed here of a document of ``alm.corpus``, which this package stands without."""

    id: str
    source: str
    text: str


class Encoder(Vocabulary, Protocol):
    """A tokenizer that can be sent to other processes, such as ``alm.tokenizer.UnitEncoder``."""

    def encode(self, unit: Unit) -> Iterable[tuple[Document, np.ndarray]]:
        """Give the documents of a unit with their tokens, one after the other."""
        ...

    def encode_plain(self, unit: Unit) -> Iterable[tuple[Document, np.ndarray]]:
        """Give the same, worked out in the plainest way there is."""
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A document as it goes into a shard, and where it stands in the documents file."""

    document: PackedDocument
    start: int
    """First byte of its line."""
    stop: int
    """One past the last."""


def write_encoded(root: Path, unit: Unit, encoder: Encoder, sources: Sequence[str]) -> int:
    """Write the tokens and the index of a unit below ``root``; return how many documents it has.

    A document is BOS, its tokens, EOS. The index is uint64 ``(n, 4)``: tokens, bytes of the text,
    number of the source, end of the line.

    Raises:
        IntegrityError: a document is of no source that is listed.
    """
    rows = []
    with new_file(root / TOKENS) as file:
        for document, ids in encoder.encode(unit):
            tokens = frame(ids, encoder)
            file.write(tokens.astype("<u4").tobytes())
            n_bytes = len(document.text.encode("utf-8"))
            rows.append((len(tokens), n_bytes, _find_source(document, sources)))
    ends = find_line_ends(unit)
    if len(ends) != len(rows):
        raise IntegrityError(
            f"{unit.path}: expected {len(rows)} lines from byte {unit.start} to {unit.stop}, found "
            f"{len(ends)}; build it again"
        )
    index = np.column_stack([np.array(rows, dtype="<u8").reshape(-1, N_COLUMNS - 1), ends])
    write_bytes(root / INDEX, index.astype("<u8").tobytes())
    return len(rows)


def read_encoded(root: Path, unit: Unit) -> Iterator[Placed]:
    """Yield the documents that :func:`write_encoded` wrote, holding one at a time."""
    index = np.fromfile(root / INDEX, dtype="<u8").reshape(-1, N_COLUMNS)
    start = unit.start
    with (root / TOKENS).open("rb") as file:
        for n_tokens, n_bytes, source, stop in index.tolist():
            tokens = _read_tokens(file, n_tokens)
            yield Placed(PackedDocument(tokens, source, n_bytes), start, stop)
            start = stop


def frame(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Return ids with BOS before and EOS behind them, as int64."""
    return np.concatenate([[vocabulary.bos_id], ids, [vocabulary.eos_id]]).astype(np.int64)


def find_line_ends(unit: Unit) -> np.ndarray:
    """Return where each line of a unit ends, one past its newline, as int64."""
    ends = [np.empty(0, dtype=np.int64)]
    with unit.path.open("rb") as file:
        file.seek(unit.start)
        for start in range(unit.start, unit.stop, CHUNK_LINES):
            chunk = file.read(min(CHUNK_LINES, unit.stop - start))
            newlines = np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n"))
            ends.append(newlines + (start + 1))
    return np.concatenate(ends)


def _find_source(document: Document, sources: Sequence[str]) -> int:
    if document.source not in sources:
        raise IntegrityError(
            f"document {document.id!r} is of source {document.source!r}, which the corpus' "
            f"manifest does not list; it has: {', '.join(sources)}"
        )
    return sources.index(document.source)


def _read_tokens(file: BinaryIO, n_tokens: int) -> np.ndarray:
    return np.frombuffer(file.read(4 * n_tokens), dtype="<u4")
