"""Pretraining: from packed shards to a published model, and again from what was saved."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from alm.checkpoint import load_model, read_spec
from alm.config import Params, Stage
from alm.data import PackedDocument, write_split
from alm.errors import ConfigError, LockedError
from alm.io import Manifest, hold_lock, read_json
from alm.train import Paths, Pretraining

TINY = Params.load("tiny")


@dataclass(frozen=True)
class Vocabulary:
    vocab_size: int = 320
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32


def write_packed(root, n_tokens=600, vocabulary=None):
    """Pack one document a split whose tokens count upwards."""
    vocabulary = vocabulary or Vocabulary()
    root.mkdir(parents=True)
    splits = {}
    for split in ("train", "val"):
        document = PackedDocument(np.arange(n_tokens) % 50, 0, 2 * n_tokens)
        names = write_split(root, split, iter([document]), vocabulary, 10**6)
        splits[split] = {"shards": names, "tokens": n_tokens, "docs": 1, "bytes": 2 * n_tokens}
    facts = {
        "tokenizer_sha256": vocabulary.sha256,
        "vocab_size": vocabulary.vocab_size,
        "splits": splits,
        "sources": [{"name": "a", "licence": "CC0-1.0"}],
    }
    Manifest.write(root, "corpus.packed", params={}, inputs={}, facts=facts)


@pytest.fixture
def shape():
    moe = replace(TINY.model.moe, n_dense_layers=1, d_expert=8)
    small = {"d_model": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_head": 8, "d_ff": 24}
    return replace(TINY.model, vocab_size=320, moe=moe, **small)


@pytest.fixture
def prepare(tmp_path, monkeypatch, shape, numerics, config):
    """Prepare a training run in a folder of its own; parts can be replaced."""
    monkeypatch.chdir(tmp_path)
    write_packed(Path("packed"))
    stage = Stage("pretrain@x", (Path("packed"),), {}, ())
    monkeypatch.setattr(Stage, "load", lambda *_: stage)

    def make(preset="x", packed="packed", init="scratch", model=shape, **changes):
        train = replace(config, tokens=256, init=init, **changes)
        values = {"model": model, "train": train, "data": replace(TINY.data, seq_len=8)}
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


def test_speed_is_kept_outside_of_what_is_tracked(prepare):
    prepare().run()

    assert read_json(Path(".state/x/timings.json"))["tokens_per_second"] > 0
    assert b"second" not in b"".join(snapshot("x").values())
