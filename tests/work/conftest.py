"""A step of a few units, on a corpus written in the test."""

from pathlib import Path

import pytest

from alm.config import NormalizeConfig
from alm.corpus import Document, Normalization, write_documents
from alm.io import Manifest, new_directory

SOURCES = [{"name": "own", "kind": "text", "licence": "unknown"}]
CONFIG = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)


@pytest.fixture
def small_units(monkeypatch):
    """Cut what a test can write into several units."""
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 2000)


@pytest.fixture
def ingested(tmp_path, small_units):
    """What ingest would have written: 60 documents, one of them binary, in six units."""
    root = tmp_path / "ingest"
    texts = [f"document {i} \r\n" + "text " * 30 for i in range(60)]
    texts[37] = "\x00" * 100
    with new_directory(root) as folder:
        write_documents(
            folder / "documents.jsonl",
            [Document(f"d{i}", "own", text, {}) for i, text in enumerate(texts)],
        )
        Manifest.write(folder, "corpus.ingest", params={}, inputs={}, facts={"sources": SOURCES})
    return root


@pytest.fixture
def step(ingested):
    return Normalization.of(ingested, CONFIG, ())


@pytest.fixture
def contents():
    """Read every file below a folder, by name."""

    def contents(root: Path):
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    return contents
