"""Let each call that changes the disk fail in each way: what was there stays, and it is told.

After SQLite's ``ioerr.test``: a first run counts the calls, then the n-th fails, for every n; once
with that call alone, once with every call after it too.
"""

import errno
import json
import os
import shutil
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.checkpoint import ModelSpec, StateStore, publish_model
from alm.config import PackConfig, TokenizerConfig, load_model_config
from alm.errors import AlmError
from alm.io import Manifest, canonical_json, sha256_tree, write_text
from alm.packing import Packing
from alm.quant import quantize_model
from alm.tokenizer import TokenizerTraining
from alm.work import run_step

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT, errno.EINTR)
SHORT = 0  # no error: a write takes half of what it is given
FAULTS = tuple(product((*ERRORS, SHORT), (False, True)))  # (what, whether it lasts)


# --- what is written ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writer:
    """Writes an artefact, the old or the new one, and tells which of them is there."""

    write: object
    """Called with a root, and the name of what to write there."""
    find: object
    """Called with a root; a digest or a number."""


@pytest.fixture
def writers(inputs, make_state, monkeypatch):
    monkeypatch.setattr("alm.work.parts.sha256_tree", lambda _: "code")  # it takes most of the time

    def save(root, name):
        store = StateStore(root / "run", 1, lambda _: None)
        store.save(make_state({"old": 1, "new": 2}[name]))

    def load(root):
        return StateStore(root / "run", 1, lambda _: None).load_latest().step

    def pack(root, name):
        step = Packing.of(
            inputs / "filter", PackConfig(shard_tokens=1024), Bytes(), {"tokenizer": name}
        )
        run_step(step, root / "out", 1)

    def train(root, name):
        size = {"old": 340, "new": 341}[name]
        config = replace(VOCABULARY, vocab_size=size)
        run_step(TokenizerTraining.of(inputs / "filter", config, read), root / "out", 1)

    def digest(root):
        return sha256_tree(root / "out")

    return {
        "checkpoint": Writer(save, load),
        "model": Writer(lambda root, name: publish(root / "out", name), digest),
        "quantize": Writer(
            lambda root, name: quantize_model(inputs / "model", root / "out", {"src": name}), digest
        ),
        "pack": Writer(pack, digest),
        "tokenizer": Writer(train, digest),
    }


# --- what fails -----------------------------------------------------------------------------------


def failing_at(number, fault, perform):
    """Let a call fail, or each from it on; a file is closed although that is told to fail."""
    what, lasts = fault
    made = 0

    def handle(name, call, arguments):
        nonlocal made
        made += 1
        if made != number and not (lasts and made > number):
            return perform(name, call, arguments)
        if what == SHORT:
            is_write = name == "write"
            return call(arguments[0], halved(arguments[1])) if is_write else call(*arguments)
        if name == "close":
            call(*arguments)
        raise OSError(what, os.strerror(what))

    return handle


def halved(data):
    return data[: -(-len(data) // 2)]


@dataclass
class Sweep:
    """The trials of one writer."""

    writer: Writer
    template: Path
    found: dict
    """What ``writer.find`` gives -> name."""
    n_calls: int

    def try_one(self, root, number, fault, under_io, perform):
        """Return None where the new artefact was written although a call failed, or the error."""
        shutil.copytree(self.template, root)
        with under_io(failing_at(number, fault, perform)):
            try:
                self.writer.write(root, "new")
            except AlmError as error:
                return str(error)
        return None


@pytest.fixture
def sweep(tmp_path, writers, under_io, list_calls, perform):
    """Let calls of a writer fail and look at what is left."""
    numbers = count()

    def prepare(name):
        writer, template = writers[name], tmp_path / "template"
        found = {}
        for variant in ("new", "old"):
            shutil.rmtree(template, ignore_errors=True)
            template.mkdir()
            with under_io(perform):
                writer.write(template, variant)
            found[writer.find(template)] = variant
        scratch = shutil.copytree(template, tmp_path / "scratch")
        made = list_calls(lambda: writer.write(scratch, "new"))
        return Sweep(writer, template, found, len(made))

    def check(each, number, fault):
        root, what = tmp_path / str(next(numbers)), fault[0]
        said = each.try_one(root, number, fault, under_io, perform)
        left = each.found[each.writer.find(root)]  # whole, the one or the other
        if said is None:
            assert left == "new"
        else:
            assert os.strerror(what) in said, said
            assert str(root) in said, said
            assert left == "old" or is_told(said), said
        if fault in {(SHORT, False), (SHORT, True), (errno.EINTR, False)}:
            assert said is None
        with under_io(perform):
            each.writer.write(root, "new")
        assert each.found[each.writer.find(root)] == "new"
        assert leftovers(root) == []
        shutil.rmtree(root)

    return prepare, check


def is_told(said):
    """Whether an error says that the new artefact is there, or that only tidying up has failed."""
    return "is written" in said or "remove" in said or ".trash-" in said or ".lock" in said


def leftovers(root):
    names = [path.name for path in sorted(root.rglob("*"))]
    return [name for name in names if name.endswith((".part", ".old")) or ".trash" in name]


WRITERS = {"checkpoint": 1, "model": 1, "quantize": 1, "pack": 4, "tokenizer": 4}  # every n-th


@pytest.mark.parametrize("name", WRITERS)
def test_any_call_may_fail(name, sweep):
    """Calls fail in the fourteen ways in turn."""
    prepare, check = sweep
    each = prepare(name)
    assert each.n_calls > 45

    for number in range(1, each.n_calls + 1, WRITERS[name]):
        check(each, number, FAULTS[number % len(FAULTS)])


@pytest.mark.nightly
@pytest.mark.parametrize("name", WRITERS)
def test_any_call_may_fail_in_every_way(name, sweep):
    """About 6,000 trials."""
    prepare, check = sweep
    each = prepare(name)

    for number, fault in product(range(1, each.n_calls + 1), FAULTS):
        check(each, number, fault)
