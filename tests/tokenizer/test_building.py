"""TokenizerTraining and Tokenizer.load: a directory that says what it holds, from train text."""

from dataclasses import replace

import pytest

from alm.corpus import read_unit
from alm.errors import IntegrityError
from alm.io import Manifest, write_bytes
from alm.tokenizer import Tokenizer, TokenizerTraining, building
from alm.work import Share, merge_tasks, run_step, run_task


@pytest.fixture
def build(config, read):
    """Run the stage in this process."""

    def build(corpus, out, config=config):
        return run_step(TokenizerTraining.of(corpus, config, read), out, 1)

    return build


def test_model_is_learnt_from_the_train_split_alone(build, write_corpus, tmp_path, texts, model):
    build(write_corpus("a"), tmp_path / "x")
    build(write_corpus("b", val=["Zanzibar! " * 999]), tmp_path / "y")
    build(write_corpus("c", train=texts[1:]), tmp_path / "z")

    x, y, z = ((tmp_path / name / "tokenizer.model").read_bytes() for name in "xyz")
    assert x == y == model
    assert z != model


def test_training_opens_no_other_file(write_corpus, tmp_path, config, read, monkeypatch):
    opened = []

    def watched(unit):
        opened.append(unit.path.name)
        return read(unit)

    def stop(rows, n_bytes, config):
        list(rows())
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "train_on_rows", stop)
    with pytest.raises(KeyboardInterrupt):
        run_step(TokenizerTraining.of(write_corpus(), config, watched), tmp_path / "out", 1)

    assert opened == ["train.jsonl"]


@pytest.mark.parametrize("workers", [1, 2])
def test_units_and_workers_change_no_byte(
    write_corpus, tmp_path, config, model, small_units, workers
):
    step = TokenizerTraining.of(write_corpus(), config, read_unit)

    manifest = run_step(step, tmp_path / "out", workers)

    assert len(step.units()) > 10
    assert (tmp_path / "out" / "tokenizer.model").read_bytes() == model
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "manifest.json",
        "tokenizer.model",
    ]
    assert manifest.facts["training"]["bytes"] == sum(
        len(document.text.encode()) for unit in step.units() for document in read_unit(unit)
    )


def test_shares_give_what_one_process_gives(build, write_corpus, tmp_path, config, small_units):
    corpus = write_corpus()
    alone = build(corpus, tmp_path / "alone")
    step = TokenizerTraining.of(corpus, config, read_unit)

    for task in (2, 0, 1):
        run_task(step, tmp_path / "shared", Share(task, 3))

    assert merge_tasks(step, tmp_path / "shared") == alone


def test_manifest_says_what_the_vocabulary_is(build, write_corpus, tmp_path, config, tokenizer):
    corpus = write_corpus()

    manifest = build(corpus, tmp_path / "out")

    facts = manifest.facts
    assert facts["vocab_size"] == config.vocab_size
    assert facts["special_ids"] == {"pad": 0, "bos": 1, "eos": 2, "unk": 3}
    assert facts["control_ids"] == tokenizer.control_ids
    assert facts["sha256"] == tokenizer.sha256
    assert facts["training"]["threads"] == 1
    assert "unigram" in facts["training"]["why_one_thread"]
    assert manifest.params["tokenizer"]["vocab_size"] == config.vocab_size
    assert manifest.inputs == {"filter": Manifest.read(corpus, "corpus.filter").sha256}
    assert "sentencepiece" in manifest.libraries
    assert Manifest.read(tmp_path / "out", "tokenizer") == manifest


def test_manifest_says_how_well_text_of_each_source_is_compressed(
    build, write_corpus, tmp_path, tokenizer, texts
):
    facts = build(write_corpus(), tmp_path / "out").facts

    assert facts["val"]["round_trips"] == 2
    assert facts["train"]["round_trips"] == len(texts)
    for i, source in enumerate("st"):
        own = texts[i::2]
        n_tokens = sum(len(tokenizer.encode(text)) for text in own)
        n_bytes = sum(len(text.encode()) for text in own)
        assert facts["train"]["bytes_per_token"][source] == pytest.approx(
            n_bytes / n_tokens, rel=1e-5
        )
    assert facts["val"]["bytes_per_token"]["t"] == 8 / len(tokenizer.encode("12 coins"))


def test_sample_of_a_long_split_is_bounded_and_spread(
    build, write_corpus, tmp_path, small_units, monkeypatch
):
    monkeypatch.setattr(building, "SAMPLE_UNITS", 2)
    monkeypatch.setattr(building, "SAMPLE_CHARACTERS", 1)

    facts = build(write_corpus(), tmp_path / "out").facts

    assert facts["train"]["round_trips"] == 4  # of each source one in each of two units


def test_each_source_is_sampled_where_it_stands(monkeypatch):
    monkeypatch.setattr(building, "SAMPLE_UNITS", 2)

    chosen = building._choose([["a"], ["a"], ["a", "b"], ["a"], [], ["a"]])

    assert chosen == [["a"], [], ["b"], ["a"], [], []]


def test_auto_is_recorded_as_asked_and_as_it_came_out(build, write_corpus, tmp_path, config):
    manifest = build(write_corpus(), tmp_path / "out", replace(config, vocab_size="auto"))

    assert manifest.params["tokenizer"]["vocab_size"] == "auto"
    assert manifest.facts["vocab_size"] == 512


def test_what_was_built_is_loaded(build, write_corpus, tmp_path, tokenizer):
    build(write_corpus(), tmp_path / "out")

    loaded = Tokenizer.load(tmp_path / "out")

    assert loaded.sha256 == tokenizer.sha256
    assert loaded.encode("the sea") == tokenizer.encode("the sea")


def test_damaged_corpus_is_refused(build, write_corpus, tmp_path):
    corpus = write_corpus()
    (corpus / "val.jsonl").write_text("")

    with pytest.raises(IntegrityError, match=r"val\.jsonl"):
        build(corpus, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_damaged_model_is_refused(build, write_corpus, tmp_path):
    build(write_corpus(), tmp_path / "out")
    path = tmp_path / "out" / "tokenizer.model"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(IntegrityError, match=r"tokenizer\.model: expected"):
        Tokenizer.load(tmp_path / "out")


def test_model_of_another_vocabulary_than_described_is_refused(tmp_path, model):
    write_bytes(tmp_path / "tokenizer.model", model)
    Manifest.write(tmp_path, "tokenizer", params={}, inputs={}, facts={"sha256": "0" * 64})

    with pytest.raises(IntegrityError, match="expected a vocabulary with SHA-256 000000"):
        Tokenizer.load(tmp_path)
