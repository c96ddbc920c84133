"""pack: documents as BOS, tokens, EOS; the manifest says what was packed from what."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from alm.config import PackConfig
from alm.data import TokenStream, pack
from alm.errors import InputError, IntegrityError, ShardError
from alm.io import Manifest, canonical_json, write_text

TRAIN = [("a", "one"), ("b", "zwölf"), ("a", ""), ("b", "漢"), ("a", "x" * 1020)]
VAL = [("b", "held out")]
SOURCES = [
    {"name": "a", "kind": "text", "licence": "MIT", "docs": 3, "bytes": 1},
    {"name": "b", "kind": "text", "licence": "CC0-1.0", "docs": 3, "bytes": 1},
]
CONFIG = PackConfig(shard_tokens=1024)


def encode(path):
    """Stand in for the tokenizer: a token is a byte, moved behind the specials."""
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        document = SimpleNamespace(**json.loads(line))
        yield document, np.frombuffer(document.text.encode(), np.uint8).astype(np.uint32) + 4


@pytest.fixture
def write_corpus(tmp_path):
    def write(train=TRAIN, val=VAL, name="dedup"):
        root = tmp_path / name
        for split, documents in (("train", train), ("val", val)):
            lines = [
                canonical_json({"id": f"{split}-{i}", "meta": {}, "source": source, "text": text})
                for i, (source, text) in enumerate(documents)
            ]
            write_text(root / f"{split}.jsonl", "".join(line + "\n" for line in lines))
        Manifest.write(root, "corpus.dedup", params={}, inputs={}, facts={"sources": SOURCES})
        return root

    return write


@pytest.fixture
def packed(write_corpus, tmp_path, vocabulary):
    out = tmp_path / "packed"
    pack(write_corpus(), out, CONFIG, vocabulary, encode, {"tokenizer": "ef" * 32})
    return out


def test_a_document_is_its_tokens_between_bos_and_eos(packed, vocabulary):
    stream = TokenStream(packed, "train")

    start = stream.documents().start.tolist()

    for (_, text), begin, end in zip(TRAIN, start[:-1], start[1:], strict=True):
        tokens = stream.read(begin, end).tolist()
        assert tokens[0] == vocabulary.bos_id
        assert tokens[-1] == vocabulary.eos_id
        assert bytes(token - 4 for token in tokens[1:-1]).decode() == text


def test_index_has_source_and_bytes_of_the_text(packed):
    index = TokenStream(packed, "train").documents()

    assert index.source.tolist() == [0, 1, 0, 1, 0]
    assert index.n_bytes.tolist() == [3, 6, 0, 3, 1020]


def test_manifest_says_what_was_packed(packed, write_corpus, vocabulary):
    manifest = Manifest.read(packed, "corpus.packed")

    assert manifest.facts == {
        "tokenizer_sha256": vocabulary.sha256,
        "vocab_size": 500,
        "sources": [{"name": "a", "licence": "MIT"}, {"name": "b", "licence": "CC0-1.0"}],
        "splits": {
            "train": {
                "shards": ["train-00000.alm"],
                **{"docs": 5, "tokens": 1042, "bytes": 1032},
                "sources": {
                    "a": {"docs": 3, "tokens": 1029, "bytes": 1023},
                    "b": {"docs": 2, "tokens": 13, "bytes": 9},
                },
            },
            "val": {
                "shards": ["val-00000.alm"],
                **{"docs": 1, "tokens": 10, "bytes": 8},
                "sources": {
                    "a": {"docs": 0, "tokens": 0, "bytes": 0},
                    "b": {"docs": 1, "tokens": 10, "bytes": 8},
                },
            },
        },
    }
    assert manifest.params == {"pack": {"shard_tokens": 1024}}
    dedup = Manifest.read(packed.parent / "dedup", "corpus.dedup").sha256
    assert manifest.inputs == {"dedup": dedup, "tokenizer": "ef" * 32}


def test_a_full_shard_is_followed_by_another(write_corpus, tmp_path, vocabulary):
    corpus = write_corpus(train=[("a", "x" * 1021), ("b", "y"), ("a", "z" * 2000), ("a", "end")])

    splits = pack(corpus, tmp_path / "out", CONFIG, vocabulary, encode, {}).facts["splits"]

    stream = TokenStream(tmp_path / "out", "train")
    assert splits["train"]["shards"] == [f"train-0000{i}.alm" for i in range(3)]
    assert [shard.n_tokens for shard in stream.shards] == [1026, 2002, 5]
    assert stream.n_tokens == splits["train"]["tokens"] == 3033


def test_same_documents_give_the_same_bytes(write_corpus, tmp_path, vocabulary):
    for name in ("x", "y"):
        pack(write_corpus(name=f"in-{name}"), tmp_path / name, CONFIG, vocabulary, encode, {})

    x, y = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("x", "y")
    )
    assert x == y


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_documents_is_refused(write_corpus, tmp_path, vocabulary, split):
    corpus = write_corpus(**{split: []})

    with pytest.raises(InputError, match=rf"documents in {split}\.jsonl, found none.*val_fraction"):
        pack(corpus, tmp_path / "out", CONFIG, vocabulary, encode, {})

    assert not (tmp_path / "out").exists()


def test_a_document_of_an_unknown_source_is_refused(write_corpus, tmp_path, vocabulary):
    corpus = write_corpus(val=[("c", "?")])

    with pytest.raises(IntegrityError, match="'val-0' is of source 'c'.* it has: a, b"):
        pack(corpus, tmp_path / "out", CONFIG, vocabulary, encode, {})


def test_tokens_outside_the_vocabulary_are_refused(write_corpus, tmp_path, vocabulary):
    def wrong(path):
        for document, ids in encode(path):
            yield document, ids + 480

    with pytest.raises(ShardError, match="encode it with the tokenizer"):
        pack(write_corpus(), tmp_path / "out", CONFIG, vocabulary, wrong, {})


def test_damaged_corpus_is_refused(write_corpus, tmp_path, vocabulary):
    corpus = write_corpus()
    (corpus / "train.jsonl").write_text("")

    with pytest.raises(IntegrityError, match=r"train\.jsonl: expected"):
        pack(corpus, tmp_path / "out", CONFIG, vocabulary, encode, {})


def test_documents_are_asked_for_as_they_are_written(write_corpus, tmp_path, vocabulary):
    """Memory does not grow with the corpus: nobody collects the documents first."""
    alive = []

    def counted(path):
        for document, ids in encode(path):
            alive.append(document)
            yield document, ids
            assert len(alive) <= 2
            alive.pop(0)

    pack(write_corpus(train=TRAIN * 9), tmp_path / "out", CONFIG, vocabulary, counted, {})
