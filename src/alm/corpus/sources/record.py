"""What a source gives to ingest: a record that reads as text, or one that does not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alm.config import IngestConfig
from alm.corpus.lines import LineWriter
from alm.corpus.quarantine import excerpt
from alm.io import parse_json


@dataclass(frozen=True, slots=True)
class Record:
    """A text as its source has it, not yet checked."""

    place: str
    """Where a person finds it, such as ``notes.jsonl:17``."""
    text: str
    meta: dict[str, Any]
    id: str | None
    """None lets ingest number the record."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used, and why."""

    place: str
    reason: str
    """One word for counting."""
    detail: str
    """What exactly is wrong."""
    sample: str | bytes
    """The record, or the beginning of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a source may draw on besides its own lines in the recipe."""

    input: Path
    """The corpus' file or folder."""
    seed: int
    config: IngestConfig


class RecordWriter(LineWriter):
    """Write records and rejects to a new file, one a line."""

    def write(self, item: Record | Reject) -> None:
        """Append one; of a reject's sample just the excerpt is kept."""
        fields = asdict(item)
        if isinstance(item, Reject):
            fields["sample"] = excerpt(item.sample)
        self.write_line(fields)


def read_records(path: Path) -> Iterator[Record | Reject]:
    """Yield what a file of records holds, in order, one at a time."""
    with path.open("rb") as file:
        for line in file:
            fields = parse_json(line.decode("utf-8"))
            yield Reject(**fields) if "reason" in fields else Record(**fields)
