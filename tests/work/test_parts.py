"""Parts: whose they are, and when they may be taken for one's own."""

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from alm.errors import IntegrityError
from alm.work.parts import PartStore


class Killed(BaseException):
    """What SIGKILL looks like from inside."""


@pytest.fixture
def killed_while_removing(monkeypatch):
    """End the process, so to speak, after the first file that is removed with a folder."""

    def remove_half(path, ignore_errors=False):
        if files := sorted(each for each in Path(path).rglob("*") if each.is_file()):
            files[0].unlink()
            raise Killed

    def killed(act):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(shutil, "rmtree", remove_half)
            act()

    return killed


@pytest.fixture
def store(step, tmp_path):
    """A store in which every unit has its part."""
    store = PartStore(step, tmp_path / "out")
    store.open()
    for unit in store.units:
        store.make(unit)
    return store


def test_identity_follows_parameters_input_and_code(step, tmp_path, monkeypatch):
    def identity(step):
        return PartStore(step, tmp_path / "out").identity

    before = identity(step)

    assert identity(step) == before
    assert identity(replace(step, input_sha256="0" * 64)) != before
    assert identity(replace(step, keep_trailing_spaces=("own",))) != before
    monkeypatch.setattr("alm.work.parts.sha256_tree", lambda path: "another tree")
    assert identity(step) != before


def test_identity_does_not_follow_where_the_output_lies(step, tmp_path):
    here, there = (PartStore(step, tmp_path / name / "out") for name in "ab")

    assert here.identity == there.identity


def test_opening_drops_parts_of_another_identity(step, tmp_path):
    store = PartStore(step, tmp_path / "out")
    store.open()
    store.make(store.units[0])
    (store.path / "0000-0000001").mkdir()

    store.open()

    assert [path.name for path in store.path.iterdir()] == [f"{store.identity[:16]}-0000000"]
    assert [unit.number for unit in store.missing()] == list(range(1, len(store.units)))


def test_kill_while_merged_parts_are_removed_leaves_none_of_them(
    step, store, tmp_path, killed_while_removing
):
    killed_while_removing(store.merge)

    again = PartStore(step, store.out)
    assert again.missing() == again.units
    again.open()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ingest", "out", "out.parts"]


def test_kill_while_another_identitys_parts_are_removed_leaves_none_that_is_half(
    step, store, killed_while_removing
):
    other = PartStore(replace(step, input_sha256="0" * 64), store.out)

    killed_while_removing(other.open)

    assert len(store.missing()) == 1
    assert [PartStore.make(store, unit) for unit in store.missing()] == [None]
    store.merge()


def test_opening_removes_what_was_being_dropped(store, killed_while_removing):
    part = sorted(store.path.iterdir())[0]
    part.rename(part.with_name(f"{part.name}.dropped"))

    store.open()

    assert len(list(store.path.iterdir())) == len(store.units) - 1


def test_damaged_part_is_made_again_by_the_next_run(store):
    damaged = sorted(store.path.glob("*/documents.jsonl"))[2]
    damaged.write_bytes(damaged.read_bytes()[:-1])

    with pytest.raises(IntegrityError, match=r"unit 2: .*documents\.jsonl.* was dropped, so run"):
        store.merge()

    assert [unit.number for unit in store.missing()] == [2]
    store.make(store.units[2])
    assert store.merge().facts["docs_out"] == 59


def test_what_a_worker_is_sent_does_not_grow_with_the_units(step, tmp_path, monkeypatch):
    many = PartStore(step, tmp_path / "out")
    assert len(many.units) > 5
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 10**9)
    one = PartStore(step, tmp_path / "out")
    assert len(one.units) == 1

    assert len(pickle.dumps(many)) == len(pickle.dumps(one))
    monkeypatch.setattr("alm.work.parts.sha256_tree", lambda path: "not asked again")
    assert pickle.loads(pickle.dumps(many)).identity == many.identity
