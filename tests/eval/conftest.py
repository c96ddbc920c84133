"""A packed corpus of two sources in a vocabulary of bytes, as the text stages would leave it."""

import numpy as np
import pytest

from alm.config import PackConfig
from alm.corpus.document import Document, read_documents, write_documents
from alm.data import pack
from alm.io import Manifest, new_directory

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


class Bytes:
    """A vocabulary of bytes."""

    vocab_size = N_VOCAB
    pad_id, bos_id, eos_id, unk_id = range(4)
    sha256 = "ab" * 32


def read_encoded(path):
    for document in read_documents(path):
        yield document, np.frombuffer(document.text.encode(), np.uint8).astype(int) + FIRST_BYTE


def write_split(path, texts):
    documents = [Document(f"{i}", source, text, {}) for i, (source, text) in enumerate(texts)]
    write_documents(path, documents)


@pytest.fixture
def corpus(tmp_path):
    """Write text and shards; return the directories of both."""
    documents, packed = tmp_path / "dedup", tmp_path / "packed"
    sources = [{"name": name, "kind": "text", "licence": "none"} for name in ("b", "a")]
    with new_directory(documents) as root:
        write_split(root / "train.jsonl", TRAIN)
        write_split(root / "val.jsonl", VAL)
        Manifest.write(root, "corpus.dedup", params={}, inputs={}, facts={"sources": sources})
    pack(documents, packed, PackConfig(shard_tokens=1024), Bytes(), read_encoded, {})
    return documents, packed
