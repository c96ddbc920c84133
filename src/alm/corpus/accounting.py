"""Books of a text stage: every document that came in went out, was dropped, or was set aside."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

PASSPORT = ("name", "kind", "licence")
ALSO_CARRIED = ("score_min", "target_tokens")  # from stage to stage, for those that heed them


class Accounting:
    """Count the documents of one stage.

    Args:
        sources: name, kind and licence of every source, in the recipe's order, and what else is to
            be carried on about it.
    """

    def __init__(self, sources: Iterable[dict[str, Any]]) -> None:
        self._sources = {source["name"]: _carry(source) for source in sources}
        self.docs_in = 0
        self.dropped: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self._docs: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def take(self) -> None:
        """Note that a document came in."""
        self.docs_in += 1

    def keep(self, source: str, n_bytes: int) -> None:
        """Note that a document goes on, with so many bytes of text in UTF-8."""
        self._docs[source] += 1
        self._bytes[source] += n_bytes

    def drop(self, reason: str) -> None:
        """Note that a document is left out, as planned."""
        self.dropped[reason] += 1

    def quarantine(self, reason: str) -> None:
        """Note that a document could not be used."""
        self.quarantined[reason] += 1

    def absorb(self, facts: dict[str, Any]) -> None:
        """Add the closed books of another part of the same stage."""
        self.docs_in += facts["docs_in"]
        self.dropped.update(facts["dropped"])
        self.quarantined.update(facts["quarantined"])
        for source in facts["sources"]:
            self._docs[source["name"]] += source["docs"]
            self._bytes[source["name"]] += source["bytes"]

    @property
    def docs_out(self) -> int:
        """Documents that went on."""
        return self._docs.total()

    def bytes_of(self, source: str) -> int:
        """Bytes of text of a source that went on."""
        return self._bytes[source]

    def facts(self) -> dict[str, Any]:
        """Return the books for the manifest, closed: nothing may be missing from them."""
        assert self.docs_in == self.docs_out + self.dropped.total() + self.quarantined.total()
        return {
            "docs_in": self.docs_in,
            "docs_out": self.docs_out,
            "dropped": dict(self.dropped),
            "quarantined": dict(self.quarantined),
            "sources": [
                {**source, "docs": self._docs[name], "bytes": self._bytes[name]}
                for name, source in self._sources.items()
            ],
        }

    def reasons(self) -> str:
        """Return what became of the documents, for an error or a summary."""
        lost = {**self.dropped, **{f"{k} (quarantined)": n for k, n in self.quarantined.items()}}
        return ", ".join(f"{reason} {n:,}" for reason, n in sorted(lost.items())) or "none lost"


def _carry(source: dict[str, Any]) -> dict[str, Any]:
    also = {key: source[key] for key in ALSO_CARRIED if key in source}
    return {**{key: source[key] for key in PASSPORT}, **also}


def summarize(facts: dict[str, Any]) -> str:
    """Return one line about a stage's result, for its script to print."""
    n_bytes = sum(source["bytes"] for source in facts["sources"])
    lost = {**facts["dropped"], **facts["quarantined"]}
    if skipped := sum(len(source.get("skipped_files", [])) for source in facts["sources"]):
        lost["damaged files skipped"] = skipped
    tail = "".join(f"; {reason} {n:,}" for reason, n in sorted(lost.items()))
    return f"{facts['docs_out']:,} documents, {n_bytes:,} bytes of text{tail}"
