"""Stage ingest: read every source of a recipe into one file of documents."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from alm.config import Recipe, SourceConfig
from alm.corpus.accounting import Accounting
from alm.corpus.document import DocumentWriter
from alm.corpus.intake import Intake
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.sources import SOURCES, Origin
from alm.errors import InputError
from alm.io import Manifest, new_directory

KIND = "corpus.ingest"


def ingest_corpus(recipe: Recipe, origin: Origin, out: Path) -> Manifest:
    """Write ``documents.jsonl``, ``quarantine.jsonl`` and a manifest to ``out``.

    The documents are a snapshot: later stages depend on it, and no more on the sources.

    Raises:
        ConfigError: a source cannot be used as the recipe has it.
        InputError: a source's input is absent, damaged or too bad, or leaves no document.
    """
    accounting = Accounting(map(asdict, recipe.sources))
    with new_directory(out) as root:
        with (
            DocumentWriter(root / "documents.jsonl") as documents,
            QuarantineWriter(root / "quarantine.jsonl") as quarantine,
        ):
            intake = Intake(origin.config, accounting, documents, quarantine)
            found = {each.name: _take(each, origin, intake, accounting) for each in recipe.sources}
        digests = {name: facts["tree_sha256"] for name, facts in found.items() if facts}
        return Manifest.write(
            root,
            KIND,
            params={
                "seed": origin.seed,
                "ingest": asdict(origin.config),
                "recipe": asdict(recipe),
            },
            inputs=digests,
            facts=_with_details(accounting.facts(), found),
        )


def _take(
    source: SourceConfig, origin: Origin, intake: Intake, accounting: Accounting
) -> dict[str, Any]:
    """Take one source; return what its reader found besides text."""
    reader = SOURCES[source.kind](source, origin)
    before = accounting.docs_in
    intake.take_all(source.name, reader, guarded=reader.guarded)
    if not accounting.bytes_of(source.name):
        raise InputError(
            f"source {source.name!r}: expected documents, found none that can be used among "
            f"{accounting.docs_in - before:,} records (the corpus so far: {accounting.reasons()}); "
            "look at its input, or take the source out of the recipe"
        )
    return reader.facts()


def _with_details(facts: dict[str, Any], found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sources = [{**source, **found[source["name"]]} for source in facts["sources"]]
    return {**facts, "sources": sources}
