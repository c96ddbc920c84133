"""Packing: documents as BOS, tokens, EOS; the manifest says what was packed from what."""

from dataclasses import replace

import numpy as np
import pytest

from alm.config import TokenizerConfig
from alm.corpus import read_unit
from alm.data import TokenStream, verify_packed
from alm.errors import InputError, IntegrityError, ShardError
from alm.io import Manifest
from alm.packing import Packing
from alm.tokenizer import TokenizerTraining, UnitEncoder
from alm.work import run_step


@pytest.fixture
def pack(encoder, config):
    """Run the stage in this process."""

    def pack(corpus, out, encoder=encoder, **inputs):
        return run_step(Packing.of(corpus, config, encoder, inputs), out, 1)

    return pack


@pytest.fixture
def packed(pack, write_corpus, tmp_path):
    pack(write_corpus(), tmp_path / "packed", tokenizer="ef" * 32)
    return tmp_path / "packed"


def texts_in(packed, split="train"):
    stream = TokenStream(packed, split)
    start = stream.documents().start.tolist()
    rows = [stream.read(*bounds).tolist() for bounds in zip(start[:-1], start[1:], strict=True)]
    assert all((row[0], row[-1]) == (1, 2) for row in rows)
    return [bytes(token - 4 for token in row[1:-1]).decode() for row in rows]


def contents(root):
    return {path.name: path.read_bytes() for path in root.iterdir()}


def test_a_document_is_its_tokens_between_bos_and_eos(packed, train):
    assert texts_in(packed) == [text for _, text in train]
    assert texts_in(packed, "val") == ["held out"]


def test_index_has_source_and_bytes_of_the_text(packed):
    index = TokenStream(packed, "train").documents()

    assert index.source.tolist() == [0, 1, 0, 1, 0]
    assert index.n_bytes.tolist() == [3, 6, 0, 3, 1020]


def test_manifest_says_what_was_packed(packed, encoder):
    manifest = verify_packed(packed)

    assert manifest.facts == {
        "tokenizer_sha256": encoder.sha256,
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
                **{"dropped": {}, "audited": 1},
            },
            "val": {
                "shards": ["val-00000.alm"],
                **{"docs": 1, "tokens": 10, "bytes": 8},
                "sources": {
                    "a": {"docs": 0, "tokens": 0, "bytes": 0},
                    "b": {"docs": 1, "tokens": 10, "bytes": 8},
                },
                **{"dropped": {}, "audited": 1},
            },
        },
    }
    assert manifest.params == {"pack": {"shard_tokens": 1024}}
    corpus = Manifest.read(packed.parent / "filter", "corpus.filter").sha256
    assert manifest.inputs == {"filter": corpus, "tokenizer": "ef" * 32}


def test_a_full_shard_is_followed_by_another(pack, write_corpus, tmp_path):
    corpus = write_corpus(train=[("a", "x" * 1021), ("b", "y"), ("a", "z" * 2000), ("a", "end")])

    splits = pack(corpus, tmp_path / "out").facts["splits"]

    stream = TokenStream(tmp_path / "out", "train")
    assert splits["train"]["shards"] == [f"train-0000{i}.alm" for i in range(3)]
    assert [shard.n_tokens for shard in stream.shards] == [1026, 2002, 5]
    assert stream.n_tokens == splits["train"]["tokens"] == 3033
    assert splits["train"]["audited"] == 3


def test_units_do_not_show(pack, write_corpus, train, tmp_path, monkeypatch):
    corpus = write_corpus(train=train * 9)
    pack(corpus, tmp_path / "x")
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 200)

    pack(corpus, tmp_path / "y")

    assert contents(tmp_path / "x") == contents(tmp_path / "y")


def test_workers_change_no_byte(write_corpus, config, tmp_path, monkeypatch):
    words = ["the sea", "a captain", "one lighthouse", "12 coins", "zwölf\u2581漢"]
    corpus = write_corpus(train=[("ab"[i % 2], " ".join(words[i % 5 :]) * i) for i in range(60)])
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 20_000)
    learn = TokenizerConfig(
        algorithm="bpe", vocab_size="auto", max_vocab_size=512, character_coverage=1.0
    )
    run_step(TokenizerTraining.of(corpus, learn, read_unit), tmp_path / "tokenizer", 1)
    encoder = UnitEncoder.of(tmp_path / "tokenizer", read_unit)
    assert len(Packing.of(corpus, config, encoder, {}).units()) > 3

    for workers in (1, 2):
        run_step(Packing.of(corpus, config, encoder, {}), tmp_path / f"out{workers}", workers)

    assert contents(tmp_path / "out1") == contents(tmp_path / "out2")
    verify_packed(tmp_path / "out1")


@pytest.mark.parametrize(
    ("target", "kept"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3), (15, 3), (16, 4), (99, 4)]
)
def test_a_source_stops_after_the_document_that_reaches_its_target(
    pack, write_corpus, tmp_path, small_units, target, kept
):
    train = [pair for i in range(4) for pair in (("a", f"A{i}x"), ("b", f"b{i}"))]
    corpus = write_corpus(
        train=train, val=[("a", "held"), ("a", "out")], targets={"a": {"target_tokens": target}}
    )

    splits = pack(corpus, tmp_path / "out").facts["splits"]

    texts = texts_in(tmp_path / "out")
    assert [text for text in texts if text[0] == "A"] == [f"A{i}x" for i in range(kept)]
    assert [text for text in texts if text[0] == "b"] == [f"b{i}" for i in range(4)]
    assert splits["train"]["dropped"] == ({"target_tokens": 4 - kept} if kept < 4 else {})
    assert splits["train"]["docs"] == 4 + kept
    assert splits["val"]["docs"] == 2


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_documents_is_refused(pack, write_corpus, tmp_path, split):
    corpus = write_corpus(**{split: []})

    with pytest.raises(InputError, match=rf"documents in {split}\.jsonl, found none.*val_fraction"):
        pack(corpus, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_tokens_outside_the_vocabulary_are_refused(pack, write_corpus, encoder, tmp_path):
    with pytest.raises(ShardError, match="encode it with the tokenizer"):
        pack(write_corpus(), tmp_path / "out", replace(encoder, vocab_size=50))


def test_damaged_corpus_is_refused(pack, write_corpus, tmp_path):
    corpus = write_corpus()
    (corpus / "train.jsonl").write_text("")

    with pytest.raises(IntegrityError, match=r"train\.jsonl: expected"):
        pack(corpus, tmp_path / "out")


def test_wrong_tokens_are_not_published(pack, write_corpus, byte_encoder, tmp_path, train):
    class Wrong(byte_encoder):
        def encode(self, unit):
            for document, ids in super().encode(unit):
                yield document, np.where(ids == 4 + ord("z"), ids + 1, ids)

    corpus = write_corpus(train=[("b", "zwölf"), *train])

    with pytest.raises(IntegrityError, match="'train-0' of b has other tokens"):
        pack(corpus, tmp_path / "out", Wrong())

    assert not (tmp_path / "out").exists()


def test_documents_are_asked_for_as_they_are_written(
    pack, write_corpus, train, tmp_path, small_units, monkeypatch
):
    """Memory does not grow with the corpus: nobody collects the documents first."""
    from alm.packing import packing

    alive = []

    def counted(documents):
        for each in documents:
            alive.append(each)
            yield each
            assert len(alive) <= 2
            alive.pop(0)

    monkeypatch.setattr(
        packing, "read_encoded", lambda *given, read=packing.read_encoded: counted(read(*given))
    )
    pack(write_corpus(train=train * 9), tmp_path / "out")
