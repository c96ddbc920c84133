"""What a source gives to ingest: a record that reads as text, or one that does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.config import IngestConfig


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
