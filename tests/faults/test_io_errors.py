"""Let each call that changes the disk fail in each way: what was there stays, and it is told.

After SQLite's ``ioerr.test``: a first run counts the calls, then the n-th fails, for every n; once
with that call alone, once with every call after it too.
"""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path

import pytest

from alm.checkpoint import StateStore
from alm.errors import AlmError
from alm.io import sha256_tree

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT, errno.EINTR)
SHORT = 0  # no error: a write takes half of what it is given
FAULTS = tuple(product((*ERRORS, SHORT), (False, True)))  # (what, whether it lasts)


# --- what is written ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writer:
    """Writes an artefact, the old or the new one, and tells which of them is there."""

    write: Callable
    """Called with a root, and "old" or "new"."""
    find: Callable
    """Called with a root; returns a digest or a number."""


@pytest.fixture
def writers(makers, make_state):
    def store_of(root):
        return StateStore(root / "run", 1, lambda _: None)

    def save(root, age):
        store_of(root).save(make_state({"old": 1, "new": 2}[age]))

    def writer_of(make):
        return Writer(
            lambda root, age: make(root / "out", age), lambda root: sha256_tree(root / "out")
        )

    checkpoint = Writer(save, lambda root: store_of(root).load_latest().step)
    return {"checkpoint": checkpoint, **{name: writer_of(make) for name, make in makers.items()}}


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
LEAST_CALLS = 46  # of each writer
LEAST_TRIALS = 2_000  # of a night


@pytest.mark.parametrize("name", WRITERS)
def test_any_call_may_fail(name, sweep):
    """Calls fail in the fourteen ways in turn."""
    prepare, check = sweep
    each = prepare(name)
    assert each.n_calls >= LEAST_CALLS

    for number in range(1, each.n_calls + 1, WRITERS[name]):
        check(each, number, FAULTS[number % len(FAULTS)])


@pytest.mark.nightly
@pytest.mark.parametrize("name", WRITERS)
def test_any_call_may_fail_in_every_way(name, sweep):
    prepare, check = sweep
    each = prepare(name)
    trials = [*product(range(1, each.n_calls + 1), FAULTS)]
    assert len(trials) * len(WRITERS) >= LEAST_TRIALS

    for number, fault in trials:
        check(each, number, fault)
