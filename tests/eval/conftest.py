"""A packed corpus of two sources in a vocabulary of bytes, as the text stages would leave it."""

from dataclasses import dataclass

import numpy as np
import pytest

from alm.config import PackConfig
from alm.corpus import Document, read_unit, write_documents
from alm.io import Manifest, new_directory
from alm.packing import Packing
from alm.work import run_step

N_VOCAB = 260
FIRST_BYTE = 4  # after pad, BOS, EOS and unk
VAL = [
    ("a", "one two three"),
    ("b", "é"),
    ("a", "four"),
    ("b", "x" * 40),
    ("a", "five"),
    ("b", "y"),
]
TRAIN = [("a", "one two four five " * 4), ("b", "xyxyxyé"), ("a", "three")]


@dataclass(frozen=True)
class Bytes:
    """A vocabulary of bytes."""

    vocab_size: int = N_VOCAB
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32

    def encode(self, unit):
        for document in read_unit(unit):
            data = np.frombuffer(document.text.encode(), np.uint8)
            yield document, data.astype("u4") + FIRST_BYTE

    encode_plain = encode


def write_split(path, texts):
    documents = [Document(f"{i}", source, text, {}) for i, (source, text) in enumerate(texts)]
    write_documents(path, documents)


@pytest.fixture
def corpus(tmp_path):
    """Write text and shards; return the directories of both."""
    documents, packed = tmp_path / "filter", tmp_path / "packed"
    sources = [{"name": name, "kind": "text", "licence": "none"} for name in ("b", "a")]
    with new_directory(documents) as root:
        write_split(root / "train.jsonl", TRAIN)
        write_split(root / "val.jsonl", VAL)
        Manifest.write(root, "corpus.filter", params={}, inputs={}, facts={"sources": sources})
    run_step(Packing.of(documents, PackConfig(shard_tokens=1024), Bytes(), {}), packed, 1)
    return documents, packed
