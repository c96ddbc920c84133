"""build_tokenizer and Tokenizer.load: a directory that says what it holds, from train text only."""

import json
from types import SimpleNamespace

import pytest

from alm.errors import IntegrityError
from alm.io import Manifest, canonical_json, write_bytes, write_text
from alm.tokenizer import Tokenizer, build_tokenizer


def read(path):
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        yield SimpleNamespace(**json.loads(line))


@pytest.fixture
def write_corpus(tmp_path, texts):
    def write(name="dedup", train=texts, val=("the sea\n gives", "12 coins")):
        root = tmp_path / name
        for split, given in (("train", train), ("val", val)):
            lines = [
                canonical_json({"id": f"{split}{i}", "meta": {}, "source": "s", "text": text})
                + "\n"
                for i, text in enumerate(given)
            ]
            write_text(root / f"{split}.jsonl", "".join(lines))
        Manifest.write(root, "corpus.dedup", params={}, inputs={}, facts={})
        return root

    return write


def test_model_is_learnt_from_the_train_split_alone(write_corpus, tmp_path, config, texts, model):
    build_tokenizer(write_corpus("a"), tmp_path / "x", config, read)
    build_tokenizer(write_corpus("b", val=["Zanzibar! " * 999]), tmp_path / "y", config, read)
    build_tokenizer(write_corpus("c", train=texts[1:]), tmp_path / "z", config, read)

    x, y, z = ((tmp_path / name / "tokenizer.model").read_bytes() for name in "xyz")
    assert x == y == model
    assert z != model


def test_training_opens_no_other_file(write_corpus, tmp_path, config, monkeypatch):
    opened = []

    def watched(path):
        opened.append(path.name)
        return read(path)

    def stop(texts, config):
        list(texts)
        raise KeyboardInterrupt

    monkeypatch.setattr("alm.tokenizer.building.train_tokenizer", stop)
    with pytest.raises(KeyboardInterrupt):
        build_tokenizer(write_corpus(), tmp_path / "out", config, watched)

    assert opened == ["train.jsonl"]


def test_manifest_says_what_the_vocabulary_is(write_corpus, tmp_path, config, tokenizer):
    corpus = write_corpus()

    manifest = build_tokenizer(corpus, tmp_path / "out", config, read)

    facts = manifest.facts
    assert facts["vocab_size"] == config.vocab_size
    assert facts["special_ids"] == {"pad": 0, "bos": 1, "eos": 2, "unk": 3}
    assert facts["control_ids"] == tokenizer.control_ids
    assert facts["sha256"] == tokenizer.sha256
    assert facts["val"]["round_trips"] == 2
    assert facts["val"]["bytes_per_token"]["s"] > 1
    assert manifest.params["tokenizer"]["vocab_size"] == config.vocab_size
    assert manifest.inputs == {"dedup": Manifest.read(corpus, "corpus.dedup").sha256}
    assert "sentencepiece" in manifest.libraries
    assert Manifest.read(tmp_path / "out", "tokenizer") == manifest


def test_what_was_built_is_loaded(write_corpus, tmp_path, config, tokenizer):
    build_tokenizer(write_corpus(), tmp_path / "out", config, read)

    loaded = Tokenizer.load(tmp_path / "out")

    assert loaded.sha256 == tokenizer.sha256
    assert loaded.encode("the sea") == tokenizer.encode("the sea")


def test_damaged_corpus_is_refused(write_corpus, tmp_path, config):
    corpus = write_corpus()
    (corpus / "val.jsonl").write_text("")

    with pytest.raises(IntegrityError, match=r"val\.jsonl"):
        build_tokenizer(corpus, tmp_path / "out", config, read)

    assert not (tmp_path / "out").exists()


def test_damaged_model_is_refused(write_corpus, tmp_path, config):
    build_tokenizer(write_corpus(), tmp_path / "out", config, read)
    path = tmp_path / "out" / "tokenizer.model"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(IntegrityError, match=r"tokenizer\.model: expected"):
        Tokenizer.load(tmp_path / "out")


def test_model_of_another_vocabulary_than_described_is_refused(tmp_path, model):
    write_bytes(tmp_path / "tokenizer.model", model)
    Manifest.write(tmp_path, "tokenizer", params={}, inputs={}, facts={"sha256": "0" * 64})

    with pytest.raises(IntegrityError, match="expected a vocabulary with SHA-256 000000"):
        Tokenizer.load(tmp_path)
