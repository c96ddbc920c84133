"""A step on a pool: the same bytes for any number of workers, also after a kill."""

import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from dataclasses import replace
from multiprocessing import active_children

import pytest

from alm.errors import AlmError, IntegrityError, LockedError
from alm.io import hold_lock
from alm.work import pool, run_step

RUN = """
import sys, time
from pathlib import Path
import alm.work.unit
from alm.config import NormalizeConfig
from alm.corpus import Normalization
from alm.work import run_step
import alm.work.parts

alm.work.unit.UNIT_BYTES = 2000
make = alm.work.parts.PartStore.make
def slow(self, unit):
    make(self, unit)
    time.sleep(0.2)
alm.work.parts.PartStore.make = slow
config = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)
run_step(Normalization.of(Path(sys.argv[1]), config, ()), Path(sys.argv[2]), 1)
"""


@pytest.fixture
def alone(step, tmp_path, contents):
    """What one process makes of it."""
    run_step(step, tmp_path / "alone", 1)
    return contents(tmp_path / "alone")


@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_workers_writes_the_same_bytes(step, tmp_path, contents, alone, workers):
    assert len(step.units()) > 5

    run_step(step, tmp_path / "many", workers)

    assert contents(tmp_path / "many") == alone


def test_one_unit_and_many_write_the_same_bytes(step, tmp_path, contents, alone, monkeypatch):
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 10**9)
    assert len(step.units()) == 1

    run_step(step, tmp_path / "one", 1)

    assert contents(tmp_path / "one") == alone


def test_nothing_but_the_output_is_left(step, tmp_path):
    run_step(step, tmp_path / "out", 1)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["ingest", "out"]


def test_a_killed_run_goes_on_with_the_parts_it_had(step, ingested, tmp_path, contents, alone):
    out = tmp_path / "killed"
    with subprocess.Popen([sys.executable, "-c", RUN, ingested, out]) as process:
        deadline = time.monotonic() + 20
        while len(list(tmp_path.glob("killed.parts/*-000000[0-9]"))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    kept = {int(path.name[-7:]) for path in tmp_path.glob("killed.parts/*-" + "[0-9]" * 7)}
    made = []
    watched = replace(step)
    object.__setattr__(
        watched, "work", lambda unit, root: made.append(unit.number) or step.work(unit, root)
    )

    run_step(watched, out, 1)

    assert len(kept) >= 2
    assert made == [unit.number for unit in step.units() if unit.number not in kept]
    assert contents(out) == alone


def test_parts_of_other_parameters_are_not_taken(step, tmp_path, contents, alone, monkeypatch):
    other = replace(step, config=replace(step.config, max_blank_lines=0))
    monkeypatch.setattr("alm.work.parts.PartStore.merge", lambda self: None)
    run_step(other, tmp_path / "out", 1)
    monkeypatch.undo()
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 2000)

    run_step(step, tmp_path / "out", 1)

    assert contents(tmp_path / "out") == alone


def test_a_damaged_part_is_never_merged(step, tmp_path, monkeypatch):
    monkeypatch.setattr("alm.work.parts.PartStore.merge", lambda self: None)
    run_step(step, tmp_path / "out", 1)
    monkeypatch.undo()
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 2000)
    part = sorted(tmp_path.glob("out.parts/*/documents.jsonl"))[2]
    part.write_bytes(part.read_bytes()[:-1])

    with pytest.raises(IntegrityError, match=r"documents\.jsonl"):
        run_step(step, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller_as_it_is(step, ingested, tmp_path, workers):
    path = ingested / "documents.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"d40"', b'"d40'))

    with pytest.raises(IntegrityError, match="is damaged"):
        run_step(step, tmp_path / "out", workers)
    assert not (tmp_path / "out").exists()


def test_killed_worker_is_named_and_the_next_run_goes_on(
    step, tmp_path, contents, alone, monkeypatch
):
    def kill_one_and_wait(*args, **kwargs):
        active_children()[0].kill()
        return wait(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr("alm.work.pool.wait", kill_one_and_wait)
        with pytest.raises(AlmError, match=r"killed, perhaps for want of memory; .*ALM_WORKERS"):
            run_step(step, tmp_path / "out", 2)

    run_step(step, tmp_path / "out", 1)
    assert contents(tmp_path / "out") == alone


def test_two_runs_do_not_share_an_output(step, tmp_path):
    with hold_lock(tmp_path / "out.parts"), pytest.raises(LockedError):
        run_step(step, tmp_path / "out", 1)


def test_ctrl_c_is_the_matter_of_the_parent_alone(monkeypatch):
    """Else every worker would tell of it too, with a traceback of its own."""
    watched, before = [], signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(pool, "leave_with", watched.append)

    try:
        pool._begin(parent=7)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)

    assert watched == [7]
