"""A corpus as stage filter leaves it, and a tokenizer whose tokens are bytes."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from alm.config import PackConfig
from alm.io import Manifest, canonical_json, write_text

TRAIN = [("a", "one"), ("b", "zwölf"), ("a", ""), ("b", "漢"), ("a", "x" * 1020)]
VAL = [("b", "held out")]
SOURCES = [
    {"name": "a", "kind": "text", "licence": "MIT", "docs": 3, "bytes": 1, "target_tokens": None},
    {"name": "b", "kind": "text", "licence": "CC0-1.0", "docs": 3, "bytes": 1},
]


@dataclass(frozen=True)
class ByteEncoder:
    """A token is a byte, moved behind the specials; reading is as plain as it gets."""

    vocab_size: int = 500
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32

    def encode(self, unit):
        with unit.path.open("rb") as file:
            file.seek(unit.start)
            for line in file.read(unit.stop - unit.start).split(b"\n")[:-1]:
                document = SimpleNamespace(**json.loads(line))
                yield document, np.frombuffer(document.text.encode(), np.uint8).astype("u4") + 4

    def encode_plain(self, unit):
        return ByteEncoder.encode(self, unit)


@pytest.fixture
def encoder():
    return ByteEncoder()


@pytest.fixture
def byte_encoder():
    """To be derived from."""
    return ByteEncoder


@pytest.fixture
def config():
    return PackConfig(shard_tokens=1024)


@pytest.fixture
def train():
    return TRAIN


@pytest.fixture
def write_corpus(tmp_path):
    """Write a corpus of (source, text) pairs."""

    def write(train=TRAIN, val=VAL, name="filter", targets=()):
        root = tmp_path / name
        for split, documents in (("train", train), ("val", val)):
            lines = [
                canonical_json({"id": f"{split}-{i}", "meta": {}, "source": source, "text": text})
                for i, (source, text) in enumerate(documents)
            ]
            write_text(root / f"{split}.jsonl", "".join(line + "\n" for line in lines))
        sources = [{**source, **dict(targets).get(source["name"], {})} for source in SOURCES]
        Manifest.write(root, "corpus.filter", params={}, inputs={}, facts={"sources": sources})
        return root

    return write


@pytest.fixture
def small_units(monkeypatch):
    """Cut what a test can write into several units."""
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 200)
