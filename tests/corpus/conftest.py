"""A corpus in a temporary folder, taken in as stage ingest would."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from alm.config import IngestConfig, JsonlSource, Recipe, TextSource
from alm.corpus import Origin, read_documents
from alm.corpus.ingest import Ingestion
from alm.io import Manifest
from alm.work import run_step

CONFIG = IngestConfig(
    max_doc_bytes=1000,
    on_long_document="quarantine",
    on_bad_utf8="quarantine",
    on_bad_file="fail",
    on_id_conflict="fail",
    max_bad_fraction=0.9,
    max_bad_run=50,
)
TEXT = TextSource(kind="text", name="own", licence="unknown", filters=(), glob="**/*.txt*")
JSONL = JsonlSource(
    kind="jsonl",
    name="rows",
    licence="unknown",
    filters=(),
    glob="**/*.jsonl*",
    text_field="text",
    template=None,
    id_field=None,
    score_field=None,
    score_min=None,
    max_docs=None,
    target_tokens=None,
    bytes_per_token=None,
)


@dataclass(frozen=True)
class Taken:
    """What ingest wrote."""

    root: Path
    facts: dict

    @property
    def documents(self):
        return list(read_documents(self.root / "documents.jsonl"))

    @property
    def texts(self):
        return [document.text for document in self.documents]

    @property
    def ids(self):
        return [document.id for document in self.documents]

    @property
    def quarantine(self):
        lines = (self.root / "quarantine.jsonl").read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]


@pytest.fixture
def folder(tmp_path):
    """Where the user's files lie."""
    path = tmp_path / "input"
    path.mkdir()
    return path


@pytest.fixture
def take(folder, tmp_path):
    """Ingest the folder with one source, and return what came of it.

    Keywords are knobs of ingest or, where it has one of that name, fields of the source.
    """

    def take(source, root=folder, **changes):
        source = {"text": TEXT, "jsonl": JSONL}.get(source, source)
        fields = {name: changes.pop(name) for name in [*changes] if hasattr(source, name)}
        source = replace(source, **fields)
        origin = Origin(root, 1, replace(CONFIG, **changes))
        out = tmp_path / "out"
        recipe = Recipe(sources=(source,), keep_trailing_spaces=())
        run_step(Ingestion.of(recipe, origin), out, 1)
        manifest = Manifest.read(out, "corpus.ingest")
        manifest.verify(out)
        return Taken(out, manifest.facts)

    return take


@pytest.fixture(scope="session")
def ingest_config():
    """Knobs small enough to reach, for readers that are called alone."""
    return CONFIG


@pytest.fixture(scope="session")
def jsonl_source():
    """A source of JSON lines with a text and nothing else."""
    return JSONL


@pytest.fixture
def write_rows(folder):
    """Write rows as JSON lines; a string or bytes is written as it is."""

    def write(*rows, name="rows.jsonl"):
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))

    return write
