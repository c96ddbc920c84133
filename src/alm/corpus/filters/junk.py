"""How well filters tell what is planted as junk from what is planted as good."""

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

JUNK = "junk"  # as the generator's ``meta.truth`` calls it


class Truth(IntEnum):
    """What is known about a document."""

    UNKNOWN = 0
    GOOD = 1
    JUNK = 2

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> "Truth":
        """Read a document's ``meta``."""
        if "truth" not in meta:
            return cls.UNKNOWN
        return cls.JUNK if meta["truth"] == JUNK else cls.GOOD


class JunkCount:
    """Count the documents whose truth is known, those that came to this stage and those it dropped.

    Junk that an earlier stage has taken out is not among them.
    """

    def __init__(self) -> None:
        self._came: Counter[tuple[str, Truth]] = Counter()
        self._dropped: Counter[tuple[str, Truth]] = Counter()

    def note(self, source: str, truth: Truth, *, dropped: bool) -> None:
        """Note a document."""
        self._came[source, truth] += 1
        self._dropped[source, truth] += dropped

    def counts(self) -> dict[str, list[int]]:
        """Return junk come and dropped, good come and dropped, by source: for a part's facts."""
        names = sorted({source for source, truth in self._came if truth})
        return {name: self._row([name]) for name in names}

    def absorb(self, counts: Mapping[str, list[int]]) -> None:
        """Add the counts of another part."""
        for source, (junk, junk_dropped, good, good_dropped) in counts.items():
            self._came.update({(source, Truth.JUNK): junk, (source, Truth.GOOD): good})
            self._dropped[source, Truth.JUNK] += junk_dropped
            self._dropped[source, Truth.GOOD] += good_dropped

    def facts(self) -> dict[str, Any]:
        """Return the figures of each source that carries the truth, and of all together."""
        sources = {name: _figures(row) for name, row in self.counts().items()}
        return {"sources": sources, "all": _figures(self._row(list(sources)))} if sources else {}

    def _row(self, sources: list[str]) -> list[int]:
        return [
            sum(counter[source, truth] for source in sources)
            for truth in (Truth.JUNK, Truth.GOOD)
            for counter in (self._came, self._dropped)
        ]


def _figures(row: list[int]) -> dict[str, float | None]:
    """Name the counts; a share of nothing is None."""
    junk, found, good, lost = row
    return {
        "planted": junk,
        "found": found,
        "recall": found / junk if junk else None,
        "good": good,
        "falsely_dropped": lost,
        "falsely_dropped_share": lost / good if good else None,
    }
