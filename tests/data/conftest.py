"""Packed corpora made by hand, and the file of one shard."""

from dataclasses import dataclass

import numpy as np
import pytest

from alm.data import PackedDocument, ShardWriter, write_split
from alm.data.counting import count_split
from alm.data.index import DocumentIndex
from alm.data.shards import ShardReader
from alm.io import Manifest, new_file


@dataclass(frozen=True)
class FakeVocabulary:
    vocab_size: int = 500
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32


@pytest.fixture
def vocabulary():
    return FakeVocabulary()


@pytest.fixture
def make_documents():
    """Cut a stream into documents of these lengths, from sources 0 and 1 in turn."""

    def make(stream, *lengths):
        rest = np.asarray(stream)
        lengths = lengths or (len(rest),)
        assert sum(lengths) == len(rest)
        pieces = np.split(rest, np.cumsum(lengths)[:-1])
        return [PackedDocument(piece, i % 2, 3 * len(piece)) for i, piece in enumerate(pieces)]

    return make


@pytest.fixture
def write_shard(tmp_path, vocabulary):
    """Write one shard; return its path."""

    def write(documents, name="shard.alm", **changes):
        place = {"shard_index": 0, "is_last": True, **changes}
        with new_file(tmp_path / name) as file:
            writer = ShardWriter(file, vocabulary, place["shard_index"])
            for document in documents:
                writer.add(document)
            writer.finish(is_last=place["is_last"])
        return tmp_path / name

    return write


@pytest.fixture
def write_packed(tmp_path, vocabulary):
    """Write a packed corpus of one split; return its directory."""

    def write(documents, shard_tokens=10**9, split="train", name="packed", vocabulary=vocabulary):
        root = tmp_path / name
        names = write_split(root, split, iter(documents), vocabulary, shard_tokens)
        index = DocumentIndex.join([ShardReader(root / name).documents() for name in names])
        facts = {
            "tokenizer_sha256": vocabulary.sha256,
            "vocab_size": vocabulary.vocab_size,
            "splits": {split: {"shards": names, **count_split(index, ["a", "b"])}},
            "sources": [{"name": name, "licence": "MIT"} for name in "ab"],
        }
        Manifest.write(root, "corpus.packed", params={}, inputs={}, facts=facts)
        return root

    return write
