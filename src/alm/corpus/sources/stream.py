"""A stream of rows put on disk in chunks, each with the state to go on from after it.

A folder holds ``chunk-0000000.jsonl`` and so on, and ``progress.json``, which is written after each
chunk and is all that counts: a chunk that it does not know is written again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

from alm.corpus.sources.reader import Items
from alm.corpus.sources.record import Record, RecordWriter, Reject, read_records
from alm.corpus.sources.rows import KINDS, FieldTally, RowReader
from alm.errors import InputError
from alm.io import read_json, write_json

CHUNK_ROWS = 2000
PROGRESS = "progress.json"

Item = Record | Reject


class Rows(Protocol):
    """Rows that can tell where they are, as an ``IterableDataset`` can."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, from where they are."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return where they are, as JSON."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to where they were."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a stream is."""

    n_chunks: int
    n_rows: int
    last: dict[str, Any] | None
    """How to come back to the last row, as a :class:`Cursor` tells; None before the first."""
    tally: dict[str, Any]
    is_done: bool


class ChunkStore:
    """The chunks of one stream in their folder."""

    def __init__(self, folder: Path, tally: FieldTally) -> None:
        self._folder = folder
        self._begin = Progress(0, 0, None, tally.facts(), is_done=False)

    def progress(self) -> Progress:
        """Return how far the stream is."""
        path = self._folder / PROGRESS
        return Progress(**read_json(path)) if path.exists() else self._begin

    def items(self) -> Items:
        """Yield what all whole chunks hold, in order."""
        for number in range(self.progress().n_chunks):
            yield from read_records(self._chunk(number))

    def append(self, items: Iterable[Item], look: Callable[[], dict[str, Any]]) -> bool:
        """Write a chunk, and then how far that is; return whether there was anything to write.

        Args:
            items: what to write.
            look: tells, after the last item, how to come back to it, and the tally.
        """
        before, n_rows = self.progress(), 0
        with RecordWriter(self._chunk(before.n_chunks)) as chunk:
            for item in items:
                chunk.write(item)
                n_rows += 1
        if n_rows:
            self._save(
                Progress(before.n_chunks + 1, before.n_rows + n_rows, is_done=False, **look())
            )
        return n_rows > 0

    def finish(self) -> None:
        """Note that the stream has ended."""
        self._save(replace(self.progress(), is_done=True))

    def _chunk(self, number: int) -> Path:
        return self._folder / f"chunk-{number:07d}.jsonl"

    def _save(self, progress: Progress) -> None:
        write_json(self._folder / PROGRESS, asdict(progress))


class Cursor:
    """Makes records of rows one by one, and knows how to come back to the last.

    A state of ``datasets`` is little more than counts. So the state *before* a row is kept, and
    whoever comes back must find that row again: else the dataset is not the one it was, and going
    on would lose or repeat rows in silence.
    """

    def __init__(self, rows: Rows, reader: RowReader, place: str) -> None:
        self._rows = rows
        self._reader = reader
        self._place = place
        self._row: dict[str, Any] = {}
        self._before_row: dict[str, Any] | None = None
        self._before_next: dict[str, Any] | None = None

    def last(self) -> dict[str, Any]:
        """Return the state before the last row, None at the beginning; and what the row was."""
        return {"state": self._before_row, "sha256": _digest(self._row)}

    def read_on(self, progress: Progress) -> Items:
        """Yield the records that follow those of an interrupted stream.

        Raises:
            ConfigError: no row has the recipe's fields.
            InputError: the last row of the interrupted stream is not where it was.
        """
        rows = self._come_back(progress.last) if progress.last else iter(self._rows)
        for number, row in enumerate(rows, start=progress.n_rows + 1):
            self._row, self._before_row = row, self._before_next
            item = self._reader.read(row, f"{self._place}:{number}", {"row": number}, _show(row))
            self._reader.tally.refuse(self._reader.source, at_end=False)
            yield item
            self._before_next = self._rows.state_dict()

    def _come_back(self, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if last["state"] is not None:
            self._rows.load_state_dict(last["state"])
        rows = iter(self._rows)
        if _digest(next(rows, {})) != last["sha256"]:
            raise InputError(
                f"source {self._reader.source.name!r}: expected the row at which the stream of "
                f"{self._place} was interrupted, found another: it is not the dataset that it was; "
                "to begin anew, remove the folder *.parts beside the output"
            )
        self._before_next = self._rows.state_dict()
        return rows


def store_stream(
    rows: Rows,
    reader: RowReader,
    store: ChunkStore,
    place: str,
    watch: Callable[[Iterator[Item]], Iterator[Item]],
) -> None:
    """Put a stream on disk, from where an interrupted one was.

    Rows that are in a chunk are not read again, but for the last of them. What was made of them is
    shown once more to ``watch``, which so stops where it would have without the interruption.

    Args:
        rows: the stream, from its beginning.
        reader: makes records of rows; its tally goes on from the stored one.
        store: where to put them.
        place: name of the stream, for places such as ``owner/name:17``.
        watch: passes items on, and ends when they are enough.

    Raises:
        ConfigError: no row has the recipe's fields.
        InputError: the stream is not the one that was interrupted.
    """
    progress = store.progress()
    if progress.is_done:
        return
    reader.tally = FieldTally.of(progress.tally)
    cursor = Cursor(rows, reader, place)
    items = watch(chain(store.items(), cursor.read_on(progress)))
    for _ in islice(items, progress.n_rows):
        pass
    while store.append(
        islice(items, CHUNK_ROWS),
        lambda: {"last": cursor.last(), "tally": reader.tally.facts()},
    ):
        pass
    store.finish()


def _digest(row: dict[str, Any]) -> str:
    """Return a digest of a row: of its plain values, and of how long the others are."""
    plain = {
        name: len(value) if isinstance(value, list | dict) else value
        for name, value in row.items()
        if type(value) in KINDS
    }
    return hashlib.sha256(repr(plain).encode("utf-8", "backslashreplace")).hexdigest()


def _show(row: dict[str, Any]) -> str:
    """Return the beginning of a row, for quarantine."""
    return ", ".join(f"{name}: {str(value)[:80]}" for name, value in islice(row.items(), 10))
