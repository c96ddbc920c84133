"""StateStore: the newest whole state is found, damage is set aside, nothing good is pruned."""

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

from alm.checkpoint import SavedState, StateStore
from alm.checkpoint.states import load_state
from alm.errors import AlmError, CheckpointError, IntegrityError
from alm.io import Manifest, calls, remove_directory, write_json


def state(step):
    tensors = {"model": {"w": torch.full((4,), float(step))}, "optimizer": {}, "best": {}}
    return SavedState(step, tensors, {"progress": {"step": step}})


@pytest.fixture
def messages():
    return []


@pytest.fixture
def store(tmp_path, messages):
    return StateStore(tmp_path / "run", keep=2, say=messages.append)


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "run").iterdir())


def damage(tmp_path, step, file="model.safetensors"):
    path = tmp_path / "run" / f"step-{step:08d}" / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def test_what_is_saved_is_loaded(store):
    store.save(state(5))

    found = store.load_latest()

    assert found.step == 5
    assert found.values == {"progress": {"step": 5}}
    assert torch.equal(found.tensors["model"]["w"], torch.full((4,), 5.0))
    assert found.tensors["best"] == {}


def test_nothing_saved_is_none(store):
    assert store.load_latest() is None


def test_newest_is_the_highest_step_whatever_was_written_last(store):
    store.save(state(10))
    store.save(state(9))

    assert store.load_latest().step == 10


def test_newest_is_told_by_number_also_past_eight_digits(store):
    store.save(state(99_999_999))
    store.save(state(100_000_000))

    assert store.load_latest().step == 100_000_000


@pytest.mark.parametrize(("keep", "kept"), [(1, [5]), (2, [4, 5]), (4, [2, 3, 4, 5])])
def test_only_the_newest_are_kept(tmp_path, keep, kept):
    store = StateStore(tmp_path / "run", keep=keep, say=print)

    for step in range(1, 6):
        store.save(state(step))

    assert names(tmp_path) == [f"step-{step:08d}" for step in kept]


@pytest.mark.parametrize("n_saved", range(1, 9))
def test_fewer_states_than_are_kept_are_all_kept(tmp_path, n_saved):
    store = StateStore(tmp_path / "run", keep=8, say=print)

    for step in range(n_saved):
        store.save(state(step))

    assert len(names(tmp_path)) == n_saved


def test_what_was_just_written_is_never_pruned(tmp_path):
    """Others of a higher number may be there; but this one is known to be whole."""
    store = StateStore(tmp_path / "run", keep=1, say=print)
    store.save(state(10))

    store.save(state(9))

    assert "step-00000009" in names(tmp_path)


@pytest.mark.parametrize("file", ["model.safetensors", "state.json", "manifest.json"])
def test_damaged_newest_is_set_aside_and_the_one_before_is_used(store, tmp_path, messages, file):
    store.save(state(1))
    store.save(state(2))
    damage(tmp_path, 2, file)

    assert store.load_latest().step == 1
    assert names(tmp_path) == ["step-00000001", "step-00000002.bad"]
    assert "step-00000002 cannot be used" in messages[0]


def test_deleted_file_counts_as_damage(store, tmp_path):
    store.save(state(1))
    store.save(state(2))
    (tmp_path / "run" / "step-00000002" / "optimizer.safetensors").unlink()

    assert store.load_latest().step == 1


def test_no_usable_state_is_never_a_silent_fresh_start(store, tmp_path):
    store.save(state(1))
    damage(tmp_path, 1)

    for _ in range(2):  # also when asked again, once it is set aside
        with pytest.raises(CheckpointError, match="start afresh with `make clean-state`"):
            store.load_latest()


def replace_by_nothing(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize("replace", [Path.touch, replace_by_nothing], ids=["file", "link"])
def test_what_is_no_folder_counts_as_damage_and_is_not_passed_over(store, tmp_path, replace):
    store.save(state(1))
    shutil.rmtree(tmp_path / "run" / "step-00000001")
    replace(tmp_path / "run" / "step-00000001")

    with pytest.raises(CheckpointError, match="no saved state in .* can be used"):
        store.load_latest()


def test_state_under_the_name_of_a_later_one_is_not_taken_for_it(store, tmp_path, messages):
    store.save(state(1))
    store.save(state(2))
    shutil.rmtree(tmp_path / "run" / "step-00000002")
    shutil.copytree(tmp_path / "run" / "step-00000001", tmp_path / "run" / "step-00000002")

    assert store.load_latest().step == 1
    assert "expected the state of step 2, found that of step 1" in messages[0]


@pytest.mark.parametrize(
    "values", [None, [], "step", {}, {"step": "1"}, {"step": 2}, {"step": True}]
)
def test_values_of_another_step_are_refused_though_the_manifest_fits(store, tmp_path, values):
    store.save(state(1))
    path = tmp_path / "run" / "step-00000001"
    (path / "manifest.json").unlink()
    write_json(path / "state.json", values)
    Manifest.write(path, "state", params={}, inputs={}, facts={"step": 1})

    with pytest.raises(IntegrityError, match="expected the values of step 1, found those of"):
        load_state(path)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES])
def test_state_that_cannot_be_read_just_now_is_not_set_aside(store, tmp_path, monkeypatch, number):
    store.save(state(1))
    store.save(state(2))

    def fail(path, **_):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "read_text", fail)
    with pytest.raises(AlmError, match=f"cannot read .*: {os.strerror(number)}"):
        store.load_latest()
    monkeypatch.undo()

    assert store.load_latest().step == 2


def test_newest_is_read_back_before_another_goes(store, tmp_path, monkeypatch):
    """A disk that takes bytes and loses them must not cost the states before."""
    store.save(state(1))
    store.save(state(2))
    write = calls.write

    def lose(file, data):
        return write(file, data.tobytes().replace(b'"step": 3', b'"step": 7'))

    monkeypatch.setattr(calls, "write", lose)
    with pytest.raises(IntegrityError, match="step-00000003"):
        store.save(state(3))
    monkeypatch.undo()

    assert names(tmp_path) == [f"step-{step:08d}" for step in (1, 2, 3)]
    assert store.load_latest().step == 2


def test_state_that_a_kill_left_between_two_names_is_found(store, tmp_path):
    store.save(state(1))
    store.save(state(2))
    (tmp_path / "run" / "step-00000002").rename(tmp_path / "run" / "step-00000002.old")
    (tmp_path / "run" / "step-00000002.part").mkdir()

    assert store.load_latest().step == 2


def test_half_written_state_is_not_seen(store, tmp_path):
    store.save(state(1))
    shutil.copytree(tmp_path / "run" / "step-00000001", tmp_path / "run" / "step-00000002.part")

    assert store.load_latest().step == 1


def test_save_goes_over_what_a_killed_save_left(store, tmp_path):
    (tmp_path / "run" / "step-00000001.part").mkdir(parents=True)
    (tmp_path / "run" / "step-00000001.part" / "junk").write_text("half")

    store.save(state(1))

    assert store.load_latest().step == 1
    assert names(tmp_path) == ["step-00000001"]


def test_save_removes_what_killed_ones_left(store, tmp_path):
    for name in ("step-00000001.part", "step-00000003.old", ".trash-step-00000001"):
        (tmp_path / "run" / name).mkdir(parents=True)

    store.save(state(2))

    assert names(tmp_path) == ["step-00000002"]


def leave_free(monkeypatch, n_bytes):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, n_bytes))


def large(step):
    """Build a state of four megabytes."""
    return SavedState(step, {"model": {"w": torch.zeros(1_000_000)}}, {})


def test_too_little_space_is_said_before_anything_is_written(store, tmp_path, monkeypatch):
    store.save(large(1))
    leave_free(monkeypatch, 4_700_000)

    with pytest.raises(
        CheckpointError,
        match=r"expected 4\.8 MB free .* found 4\.7 MB; .* goes on from step-00000001",
    ):
        store.save(large(2))

    assert names(tmp_path) == ["step-00000001"]


def test_too_little_space_for_the_very_first_state_is_said_too(store, tmp_path, monkeypatch):
    leave_free(monkeypatch, 4_700_000)

    with pytest.raises(CheckpointError, match="nothing was trained yet"):
        store.save(large(1))

    assert not (tmp_path / "run").exists()


def test_space_that_is_enough_is_taken(store, monkeypatch):
    leave_free(monkeypatch, 4_900_000)

    store.save(large(1))

    assert store.load_latest().step == 1


def test_clear_forgets_everything(store, tmp_path):
    store.save(state(1))
    store.save(state(2))
    damage(tmp_path, 2)
    store.load_latest()

    store.clear()

    assert names(tmp_path) == []
    assert store.load_latest() is None


def test_a_finished_run_is_cleared_and_one_on_its_way_is_gone_on_with(store):
    store.save(state(8))
    store.save(state(9))

    store.clear_finished(10)
    assert store.load_latest().step == 9

    store.save(state(10))
    store.clear_finished(10)
    assert store.load_latest() is None


def test_a_clearing_that_was_killed_is_taken_up_again(store, tmp_path, monkeypatch):
    """The finished state goes last: an older one left alone would look like a run on its way."""
    store.save(state(5))
    store.save(state(10))
    monkeypatch.setattr(
        "alm.checkpoint.states.remove_directory", lambda path: remove_directory(path) or sys.exit()
    )
    with pytest.raises(SystemExit):
        store.clear_finished(10)
    monkeypatch.undo()

    store.clear_finished(10)

    assert names(tmp_path) == []


def test_starting_afresh_is_a_way_out_where_every_state_is_damaged(store, tmp_path):
    store.save(state(1))
    damage(tmp_path, 1)
    with pytest.raises(CheckpointError):
        store.load_latest()

    store.clear_finished(10)

    assert store.load_latest() is None


def test_a_removal_that_was_killed_does_not_hinder_the_next(store, tmp_path):
    (tmp_path / "run" / ".trash-step-00000001").mkdir(parents=True)
    store.save(state(1))
    (tmp_path / "run" / ".trash-step-00000001").mkdir()
    (tmp_path / "run" / ".trash-step-00000001" / "left").touch()

    store.clear()

    assert names(tmp_path) == []
