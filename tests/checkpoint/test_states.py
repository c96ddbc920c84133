"""StateStore: the newest whole state is found, damage is set aside, nothing good is pruned."""

import shutil

import pytest
import torch

from alm.checkpoint import SavedState, StateStore
from alm.errors import CheckpointError


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


def test_only_the_newest_are_kept(store, tmp_path):
    for step in (1, 2, 3):
        store.save(state(step))

    assert names(tmp_path) == ["step-00000002", "step-00000003"]


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


def test_too_little_space_is_said_before_anything_is_written(store, tmp_path, monkeypatch):
    store.save(state(1))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10))

    with pytest.raises(CheckpointError, match="goes on from step-00000001"):
        store.save(state(2))

    assert names(tmp_path) == ["step-00000001"]


def test_clear_forgets_everything(store, tmp_path):
    store.save(state(1))
    damage(tmp_path, 1)
    store.save(state(2))

    store.clear()

    assert store.load_latest() is None
