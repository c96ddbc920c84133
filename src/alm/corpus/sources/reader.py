"""What every kind of source can do: be cut into spans, each of which can be read by itself."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from alm.corpus.sources.record import Record, Reject

Items = Generator[Record | Reject, None, None]
Notes = dict[str, Any]
"""What was seen while reading a span, in JSON, for :meth:`Reader.close`."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a source: files, or documents, by their numbers."""

    start: int
    stop: int
    """One past the last."""
    beside: Path | None = None
    """A folder that outlives an interrupted run, for a reader that can go on where it was."""


class Reader:
    """The reader of one source; it keeps nothing between one span and the next."""

    guarded: ClassVar[bool]
    """Whether too many unusable records mean that the source is a wrong one."""

    def digest(self) -> str | None:
        """Return the SHA-256 of the input; None where the recipe says all."""
        raise NotImplementedError

    def spans(self) -> list[Span]:
        """Cut the source: the same way on every machine, whoever reads the parts."""
        raise NotImplementedError

    def read(self, span: Span, notes: Notes) -> Items:
        """Yield the records of a span in order.

        Args:
            span: one of :meth:`spans`.
            notes: empty; filled, by the end at the latest, with what ``close`` must know.

        Raises:
            ConfigError: the source cannot be read as the recipe has it.
            InputError: the input is damaged.
        """
        raise NotImplementedError

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:
        """Judge the source as a whole, by the notes of all its spans in order.

        Returns:
            Facts for the manifest.

        Raises:
            ConfigError: the source cannot be read as the recipe has it.
            InputError: the input as a whole is not what it should be.
        """
        raise NotImplementedError

    def libraries(self) -> dict[str, str]:
        """Return the versions of the libraries that decide what is read."""
        return {}

    def __iter__(self) -> Iterator[Record | Reject]:
        """Yield the records of all spans, then judge the whole."""
        notes: list[Notes] = []
        for span in self.spans():
            notes.append({})
            yield from self.read(span, notes[-1])
        self.close(notes)
