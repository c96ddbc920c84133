"""Stage ingest: read every source of a recipe into one file of documents."""

import functools
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from alm.config import Recipe, SourceConfig
from alm.corpus.accounting import Accounting
from alm.corpus.document import DocumentWriter
from alm.corpus.intake import Intake
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.quota import Quota
from alm.corpus.sources import SOURCES, Origin, Reader, Span
from alm.corpus.sources.record import RecordWriter, read_records
from alm.corpus.watch import watch
from alm.errors import InputError
from alm.work import Part, Unit

KIND = "corpus.ingest"
RECORDS = "records.jsonl"


@dataclass(frozen=True)
class Ingestion:
    """Stage ingest: write ``documents.jsonl``, ``quarantine.jsonl`` and a manifest.

    A unit's work is to read and parse; the merge numbers the records in the recipe's order, holds
    them against the limits, and writes them down. The documents are a snapshot: later stages depend
    on it, and no more on the sources.

    Raises:
        ConfigError: a source cannot be used as the recipe has it.
        InputError: a source's input is absent, damaged or too bad, or leaves no document.
    """

    recipe: Recipe
    origin: Origin
    digests: tuple[str | None, ...]
    """SHA-256 of each source's input, None for a source without one."""
    kind: str = KIND

    @classmethod
    def of(cls, recipe: Recipe, origin: Origin) -> Self:
        """Look at every source's input, and prepare to read it."""
        readers = [SOURCES[source.kind](source, origin) for source in recipe.sources]
        return cls(recipe, origin, tuple(reader.digest() for reader in readers))

    def identity(self) -> dict[str, Any]:
        """Return parameters, inputs, and the libraries that read them."""
        return {
            "params": self._params(),
            "inputs": self._inputs(),
            "libraries": self._libraries(),
        }

    def units(self) -> list[Unit]:
        """Cut each source."""
        cuts = [
            (source.name, span)
            for i, source in enumerate(self.recipe.sources)
            for span in self._reader(i).spans()
        ]
        return [
            Unit(number, name, None, span.start, span.stop)
            for number, (name, span) in enumerate(cuts)
        ]

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Read a part of one source."""
        i = [source.name for source in self.recipe.sources].index(unit.label)
        source, reader, notes = self.recipe.sources[i], self._reader(i), {}
        # Not below ``root``, which is emptied when an interrupted unit is begun again.
        span = Span(unit.start, unit.stop, root.with_name(f"{root.name}.stream"))
        with closing(reader.read(span, notes)) as items, RecordWriter(root / RECORDS) as out:
            for item in watch(items, source, self.origin.config, guarded=reader.guarded):
                out.write(item)
        return {"source": source.name, "notes": notes}

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Take in what was read, in the recipe's order."""
        accounting = Accounting(map(_passport, self.recipe.sources))
        with (
            DocumentWriter(root / "documents.jsonl") as documents,
            QuarantineWriter(root / "quarantine.jsonl") as quarantine,
        ):
            intake = Intake(self.origin.config, accounting, documents, quarantine)
            found = {
                source.name: self._take(i, parts, intake, accounting)
                for i, source in enumerate(self.recipe.sources)
            }
        return {
            "params": self._params(),
            "inputs": self._inputs(),
            "facts": _with_details(accounting.facts(), found),
            "libraries": self._libraries(),
        }

    def _take(
        self, i: int, parts: list[Part], intake: Intake, accounting: Accounting
    ) -> dict[str, Any]:
        """Take in one source; return what is to be said of it besides the counts."""
        source, reader, before = self.recipe.sources[i], self._reader(i), accounting.docs_in
        own = [part for part in parts if part.facts["source"] == source.name]
        facts = reader.close([part.facts["notes"] for part in own])
        items = (item for part in own for item in read_records(part.path / RECORDS))
        quota = Quota.of(source)
        intake.take_all(source.name, items, quota, guarded=reader.guarded)
        if not accounting.bytes_of(source.name):
            raise InputError(
                f"source {source.name!r}: expected documents, found none that can be used among "
                f"{accounting.docs_in - before:,} records (the corpus so far: "
                f"{accounting.reasons()}); look at its input, or take the source out of the recipe"
            )
        digest = {"tree_sha256": self.digests[i]} if self.digests[i] else {}
        return {**facts, **digest, **_say_enough(source, quota)}

    def _reader(self, i: int) -> Reader:
        return _open_reader(self.recipe.sources[i], self.origin, self.digests[i])

    def _params(self) -> dict[str, Any]:
        """Return all that decides the documents: not the filters, which come later."""
        recipe = asdict(self.recipe)
        for source in recipe["sources"]:
            del source["filters"]
        return {"seed": self.origin.seed, "ingest": asdict(self.origin.config), "recipe": recipe}

    def _inputs(self) -> dict[str, str]:
        names = [source.name for source in self.recipe.sources]
        return {name: each for name, each in zip(names, self.digests, strict=True) if each}

    def _libraries(self) -> dict[str, str]:
        readers = [self._reader(i) for i in range(len(self.recipe.sources))]
        return {name: version for each in readers for name, version in each.libraries().items()}


@functools.lru_cache(maxsize=16)
def _open_reader(source: SourceConfig, origin: Origin, digest: str | None) -> Reader:  # noqa: ARG001
    """Open a source once a process, for all its units; another digest is another input."""
    return SOURCES[source.kind](source, origin)


def _passport(source: SourceConfig) -> dict[str, Any]:
    """Return what every later stage is told about a source."""
    return {
        "name": source.name,
        "kind": source.kind,
        "licence": source.licence,
        "score_min": getattr(source, "score_min", None),
        "target_tokens": getattr(source, "target_tokens", None),
    }


def _say_enough(source: SourceConfig, quota: Quota) -> dict[str, Any]:
    """Return what a source with a limit has to say of it; the bytes per token are a guess."""
    if not quota.is_limited:
        return {}
    assumed = source.bytes_per_token if source.target_tokens else None
    return {"limit_reached": quota.reached(), "assumed_bytes_per_token": assumed}


def _with_details(facts: dict[str, Any], found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sources = [{**source, **found[source["name"]]} for source in facts["sources"]]
    return {**facts, "sources": sources}
