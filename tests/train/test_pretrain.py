"""Pretraining: from packed shards to a published model, and again from what was saved."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from alm.checkpoint import load_model, read_spec, read_tensors
from alm.checkpoint.states import load_state
from alm.config import Params, Stage
from alm.config.sections import CurriculumStep
from alm.config.shape import RopeScaling
from alm.data import PackedDocument, write_split
from alm.errors import ConfigError, Interrupted, LockedError, TrainingError
from alm.io import Manifest, hold_lock, read_json
from alm.train import (
    Paths,
    Pretraining,
    Trainer,
    next_token_loss,
    next_token_loss_within_documents,
    pretrain,
)

TINY = Params.load("tiny")


@dataclass(frozen=True)
class Vocabulary:
    vocab_size: int = 320
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32


def write_packed(root, n_tokens=600, vocabulary=None, n_docs=1):
    """Pack documents of two sources whose tokens count upwards."""
    vocabulary = vocabulary or Vocabulary()
    root.mkdir(parents=True)
    splits = {}
    for split in ("train", "val"):
        pieces = np.array_split(np.arange(n_tokens) % 50, n_docs)
        documents = [PackedDocument(each, i % 2, 2 * len(each)) for i, each in enumerate(pieces)]
        names = write_split(root, split, iter(documents), vocabulary, 10**6)
        splits[split] = {"shards": names, "tokens": n_tokens, "docs": n_docs, "bytes": 2 * n_tokens}
    facts = {
        "tokenizer_sha256": vocabulary.sha256,
        "vocab_size": vocabulary.vocab_size,
        "splits": splits,
        "sources": [{"name": name, "licence": "CC0-1.0"} for name in "ab"],
    }
    Manifest.write(root, "corpus.packed", params={}, inputs={}, facts=facts)


@pytest.fixture
def shape():
    moe = replace(TINY.model.moe, n_dense_layers=1, d_expert=8)
    small = {"d_model": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_head": 8, "d_ff": 24}
    return replace(TINY.model, vocab_size=320, moe=moe, targets=(), **small)


@pytest.fixture
def prepare(tmp_path, monkeypatch, shape, numerics, config):
    """Prepare a training run in a folder of its own; parts can be replaced."""
    monkeypatch.chdir(tmp_path)
    write_packed(Path("packed"))
    stage = Stage("pretrain@x", (Path("packed"),), {}, ())
    monkeypatch.setattr(Stage, "load", lambda *_: stage)

    def make(preset="x", packed="packed", init="scratch", model=shape, data=None, **changes):
        train = replace(config, tokens=256, init=init, **changes)
        section = replace(TINY.data, **{"seq_len": 8, **(data or {})})
        values = {"model": model, "train": train, "data": section}
        params = TINY.model_copy(update=values)
        paths = Paths(
            packed=Path(packed),
            init=Path(f"{init}/model"),
            out=Path(f"{preset}/model"),
            metrics=Path(f"{preset}/pretrain.json"),
            table=Path(f"{preset}/loss.csv"),
        )
        return Pretraining.prepare(preset, params, numerics, paths)

    return make


def snapshot(*roots):
    files = [path for root in roots for path in sorted(Path(root).rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def test_publishes_a_model_that_says_where_it_came_from(prepare):
    run = prepare()

    run.run()

    manifest = Manifest.read(Path("x/model"), "model.pretrain")
    assert manifest.inputs == {"packed": run.corpus.sha256}
    assert manifest.params["train"]["lr"] == run.params.train.lr
    assert manifest.libraries["torch"] == run.fingerprint.components["library torch"]
    assert manifest.facts["steps"] == 8
    assert read_spec(Path("x/model")) == run.spec
    assert read_json(Path("x/pretrain.json"))["tokens"] == 256
    assert len(Path("x/loss.csv").read_text().splitlines()) == 1 + 4


def test_publishes_the_last_weights_and_beside_them_the_best(prepare, monkeypatch):
    validate = Trainer._validate

    def let_the_first_be_the_best(trainer):
        loss = validate(trainer)
        trainer.progress.best_loss = -1.0
        return loss

    monkeypatch.setattr(Trainer, "_validate", let_the_first_be_the_best)
    prepare().run()

    (state,) = Path(".state/x").glob("*/step-00000008")
    saved = load_state(state).tensors
    last, best = (read_tensors(Path(f"x/model/{stem}.safetensors")) for stem in ("model", "best"))
    assert all(torch.equal(last[name], saved["model"][name]) for name in saved["model"])
    assert all(torch.equal(best[name], saved["best"][name]) for name in saved["best"])
    assert not torch.equal(last["embed.weight"], best["embed.weight"])


def test_metrics_say_how_full_the_rows_are_and_how_often_they_were_read(prepare):
    prepare().run()

    metrics = read_json(Path("x/pretrain.json"))
    assert (metrics["rows"], metrics["fill_rate"]) == (74, 1.0)
    assert metrics["epochs"] == pytest.approx(8 * 4 / 74, rel=1e-5)
    assert "sources" not in metrics


MIXED = {"rows": "best_fit", "mixture": {"a": 0.25, "b": 0.75}}


def test_best_fit_rows_of_a_mixture_are_trained_on_and_accounted_for(prepare):
    write_packed(Path("docs"), n_docs=60)

    prepare(packed="docs", data=MIXED).run()

    metrics = read_json(Path("x/pretrain.json"))
    assert 0.5 < metrics["fill_rate"] < 1
    assert {name: each["share"] for name, each in metrics["sources"].items()} == MIXED["mixture"]
    assert metrics["sources"]["b"]["epochs"] == pytest.approx(
        24 / metrics["sources"]["b"]["rows"], rel=1e-5
    )


def test_a_run_with_all_of_it_ends_in_the_same_bytes_when_resumed(prepare, monkeypatch):
    write_packed(Path("docs"), n_docs=60)
    data = {**MIXED, "seq_len": 16, "curriculum": (CurriculumStep(until=0.5, seq_len=8),)}
    prepare(packed="docs", data=data).run()
    before = snapshot("x")
    shutil.rmtree(".state")

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="saved step 1"):
        patch.setattr(Trainer, "_record", lambda self, *_: setattr(self.around.stop, "signal", 15))
        prepare(packed="docs", data=data).run()
    prepare(packed="docs", data=data).run()

    assert snapshot("x") == before


def test_a_curriculum_begins_with_shorter_rows(prepare):
    phases = (CurriculumStep(until=0.5, seq_len=8),)

    batches = prepare(data={"seq_len": 16, "curriculum": phases}).task().batches

    assert [batches(step).tokens_BT.shape for step in (0, 1, 2, 3)] == [(8, 9)] * 2 + [(4, 17)] * 2


def test_an_unknown_source_in_the_mixture_is_refused(prepare):
    with pytest.raises(ConfigError, match="no source 'c' in .*; choose from: a, b"):
        prepare(data={"mixture": {"c": 1.0}}).run()


def test_outputs_that_were_lost_are_published_again_without_training(prepare, capsys):
    prepare().run()
    before = snapshot("x")
    shutil.rmtree("x")
    capsys.readouterr()

    prepare().run()

    assert snapshot("x") == before
    assert "resuming at step 8 of 8" in capsys.readouterr().out


def test_force_trains_again_to_the_same_bytes(prepare, capsys, monkeypatch):
    prepare().run()
    before = snapshot("x")
    monkeypatch.setenv("ALM_FRESH", "1")
    capsys.readouterr()

    prepare().run()

    assert "resuming" not in capsys.readouterr().out
    assert snapshot("x") == before


def test_another_parameter_is_another_state_and_is_said(prepare, capsys):
    prepare().run()

    prepare(lr=0.003).run()

    assert "changed: params train" in capsys.readouterr().out
    assert len([path for path in Path(".state/x").iterdir() if path.is_dir()]) == 2


def test_starts_from_the_weights_of_another_preset(prepare):
    prepare().run()

    network = prepare(preset="y", init="x")._network()

    found, expected = network.state_dict(), load_model(Path("x/model"), "cpu").state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_stretched_positions_start_from_the_network_without(prepare, shape):
    prepare().run()
    long = replace(shape, rope_scaling=RopeScaling(factor=2.0, original_seq_len=8))

    network = prepare(preset="y", init="x", model=long)._network()

    start = load_model(Path("x/model"), "cpu")
    assert network.config == long
    assert all(torch.equal(w, start.state_dict()[name]) for name, w in network.state_dict().items())
    ids = torch.arange(8)[None]
    assert not torch.equal(network(ids).hidden_BTD, start(ids).hidden_BTD)


def test_a_model_names_the_one_it_started_from(prepare):
    prepare().run()

    prepare(preset="y", init="x").run()

    start = Manifest.read(Path("x/model"), "model.pretrain")
    found = Manifest.read(Path("y/model"), "model.pretrain").inputs
    assert found == {"packed": prepare().corpus.sha256, "init": start.sha256}


@pytest.mark.parametrize("other", ["shape", "tokenizer"])
def test_a_start_of_another_kind_is_refused(prepare, shape, other):
    prepare().run()
    write_packed(Path("other"), vocabulary=Vocabulary(sha256="cd" * 32))
    changes = {"model": replace(shape, rope_theta=5.0)} if other == "shape" else {"packed": "other"}

    with pytest.raises(ConfigError, match="'x' to have this preset's shape and tokenizer"):
        prepare(preset="y", init="x", **changes).run()


def test_a_corpus_too_small_for_one_row_is_refused(prepare):
    write_packed(Path("small"), n_tokens=8)

    with pytest.raises(ConfigError, match="too few for one row"):
        prepare(packed="small").run()


HOLDER = """
import sys, time
from pathlib import Path
from alm.io import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_of_the_same_thing_is_told_who_holds_it(prepare):
    run = prepare()
    place = Path(".state/x") / run.fingerprint.short
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place], stdout=subprocess.PIPE, text=True
    ) as holder:
        holder.stdout.readline()

        with pytest.raises(LockedError, match=f"in use by process {holder.pid}"):
            run.run()

        holder.kill()
    with hold_lock(place):  # a killed holder leaves nothing behind
        pass


def test_a_run_that_a_signal_stops_says_in_its_lock_that_it_is_about_to_leave(prepare, monkeypatch):
    record, notes = Trainer._record, []

    def signal_and_record(trainer, step):
        os.kill(os.getpid(), signal.SIGTERM)
        (lock,) = Path(".state/x").glob("*/.lock")
        notes.append(lock.read_text())
        record(trainer, step)

    monkeypatch.setattr(Trainer, "_record", signal_and_record)
    with pytest.raises(Interrupted, match="SIGTERM: saved step 1"):
        prepare().run()

    assert notes == [f"{os.getpid()} stopping"]


def test_speed_is_kept_outside_of_what_is_tracked(prepare):
    prepare().run()

    assert read_json(Path(".state/x/timings.json"))["tokens_per_second"] > 0
    assert b"second" not in b"".join(snapshot("x").values())


def test_a_run_without_a_finite_validation_loss_publishes_nothing(prepare, monkeypatch):
    monkeypatch.setattr(Trainer, "_validate", lambda self: None)

    with pytest.raises(TrainingError, match="a finite validation loss at some step, found none"):
        prepare().run()

    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("masked", "objective"), [(False, next_token_loss), (True, next_token_loss_within_documents)]
)
def test_the_document_mask_decides_what_a_token_may_see(prepare, masked, objective):
    assert prepare(data={"document_mask": masked}).task().objective is objective


def test_metrics_say_how_many_steps_the_guards_left_out(prepare):
    prepare().run()

    metrics = read_json(Path("x/pretrain.json"))
    assert (metrics["skipped_steps"], metrics["spike_steps"]) == (0, 0)


def test_whether_it_is_compiled_is_part_of_what_a_state_is_of(prepare, monkeypatch):
    plain = prepare().fingerprint
    monkeypatch.setattr(
        pretrain, "decide_compilation", lambda *given: replace(given[2], compiled=True)
    )

    assert prepare().fingerprint.changes_since(plain) == ["numerics compiled"]


@pytest.mark.parametrize("offload", ["0", "1"])
def test_the_machine_says_where_the_state_of_the_optimizer_lives(prepare, monkeypatch, offload):
    before = prepare().fingerprint
    monkeypatch.setenv("ALM_OFFLOAD", offload)

    assert (prepare().task().optimizer._offload is not None) == (offload == "1")
    assert prepare().fingerprint == before


def test_a_former_run_is_continued_as_a_hybrid(prepare, monkeypatch):
    """Its first step had another learning rate: the model says so, and no step is repeated."""
    first = prepare()
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="saved step 1"):
        patch.setattr(Trainer, "_record", lambda self, *_: setattr(self.around.stop, "signal", 15))
        first.run()
    former = next(Path(".state/x").glob("*/fingerprint.json")).parent
    changed = prepare(lr=first.params.train.lr / 2)

    adoption = changed.adopt(former)
    changed.run()

    assert (adoption.step, adoption.changed) == (1, ["params train"])
    metrics = read_json(Path("x/pretrain.json"))
    assert metrics["hybrid"] == [{"run": former.name, "step": 1, "changed": ["params train"]}]
    assert Manifest.read(Path("x/model"), "model.pretrain").facts["hybrid"] == metrics["hybrid"]


def test_what_is_trained_afresh_after_a_hybrid_is_none(prepare, monkeypatch):
    first = prepare()
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Trainer, "_record", lambda self, *_: setattr(self.around.stop, "signal", 15))
        first.run()
    former = next(Path(".state/x").glob("*/fingerprint.json")).parent
    changed = prepare(lr=first.params.train.lr / 2)
    changed.adopt(former)
    changed.run()
    monkeypatch.setenv("ALM_FRESH", "1")

    changed.run()

    assert "hybrid" not in read_json(Path("x/pretrain.json"))
    assert "hybrid" not in Manifest.read(Path("x/model"), "model.pretrain").facts


def test_places_are_those_that_dvc_yaml_names():
    places = Paths.declared("tiny")

    assert places.packed == Path("build/corpora/synthetic/packed")
    assert places.table == Path("reports/tiny/loss.csv")
