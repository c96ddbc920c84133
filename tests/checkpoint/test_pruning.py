"""prune_runs: what nobody goes on with is freed, and nothing else is."""

import pytest
import torch

from alm.checkpoint import Fingerprint, RunDirectory, SavedState, StateStore, prune_runs
from alm.io import announce_stop, hold_lock


@pytest.fixture
def begin(tmp_path, spec):
    """Open a run of a preset and save a state of it; None saves none."""

    def opened(name, step, preset="tiny", steps=10):
        run = RunDirectory(tmp_path / preset, Fingerprint({"src/a": name}), lambda _: None)
        run.open(spec)
        if step is not None:
            tensors = {"model": {"w": torch.zeros(1000)}}
            StateStore(run.path, 2, print).save(SavedState(step, tensors, {"steps": steps}))
        return run.path

    return opened


def test_a_finished_run_that_is_not_the_current_one_goes(tmp_path, begin):
    former, current = begin("1", 10), begin("2", 10)

    message = prune_runs(tmp_path)

    assert not former.exists()
    assert current.is_dir()
    assert message.startswith("freed 0.0 MB of 0.0 MB")
    assert "1 former runs" in message


def test_what_was_freed_is_told(tmp_path, begin):
    former = begin("1", 10)
    (former / "tensorboard").mkdir()
    (former / "tensorboard" / "events").write_bytes(bytes(2_000_000))
    begin("2", 10)

    assert prune_runs(tmp_path).startswith("freed 2.0 MB of 2.0 MB")


def test_a_run_that_lacks_one_step_is_not_finished(tmp_path, begin):
    former = begin("1", 9)
    begin("2", 10)

    prune_runs(tmp_path)

    assert former.is_dir()


@pytest.mark.parametrize("last", range(1, 5))
def test_of_the_unfinished_the_one_that_was_opened_last_stays(tmp_path, begin, last):
    runs = [begin(name, 4) for name in "01234"]
    begin(str(last), 5)
    current = begin("0", 10)

    prune_runs(tmp_path)

    assert [run for run in runs if run.exists()] == [current, runs[last]]


def test_the_current_run_stays_whether_finished_or_not(tmp_path, begin):
    runs = [begin(preset, 4, preset=preset) for preset in ("tiny", "pico")]

    prune_runs(tmp_path)

    assert all(run.exists() for run in runs)


def test_every_preset_has_its_own(tmp_path, begin):
    unfinished = [begin(preset, 4, preset=preset) for preset in ("tiny", "pico")]
    for preset in ("tiny", "pico"):
        begin("2", 10, preset=preset)

    prune_runs(tmp_path)

    assert all(run.exists() for run in unfinished)


def test_a_run_that_saved_nothing_goes(tmp_path, begin):
    former = begin("1", None)
    begin("2", 10)

    prune_runs(tmp_path)

    assert not former.exists()


def test_a_run_whose_state_cannot_be_read_counts_as_unfinished(tmp_path, begin):
    former = begin("1", 10)
    (former / "step-00000010" / "state.json").write_text("{")
    begin("2", 10)

    prune_runs(tmp_path)

    assert former.exists()


@pytest.mark.parametrize("tell", [lambda run: None, announce_stop], ids=["at work", "leaving"])
def test_a_run_that_is_held_stays(tmp_path, begin, tell):
    former = begin("1", 10)
    begin("2", 10)

    with hold_lock(former):
        tell(former)
        prune_runs(tmp_path)

    assert (former / "step-00000010").exists()


def test_a_removal_that_was_killed_is_taken_up_again(tmp_path, begin):
    begin("1", 10)
    (tmp_path / "tiny" / ".trash-0123456789ab" / "step-00000010").mkdir(parents=True)

    prune_runs(tmp_path)

    assert not (tmp_path / "tiny" / ".trash-0123456789ab").exists()


def test_what_is_not_a_run_stays(tmp_path, begin):
    begin("1", 10)
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "python.txt").touch()
    (tmp_path / "tiny" / "timings.json").touch()
    (tmp_path / "tiny" / "notes").mkdir()

    prune_runs(tmp_path)

    assert (tmp_path / "host" / "python.txt").exists()
    assert (tmp_path / "tiny" / "timings.json").exists()
    assert (tmp_path / "tiny" / "notes").exists()


def test_nothing_there_is_nothing_freed(tmp_path):
    assert "0 former runs" in prune_runs(tmp_path / "absent")


@pytest.mark.parametrize("step", [None, 4])
def test_a_run_with_a_state_that_was_set_aside_waits_for_a_person(tmp_path, begin, step):
    damaged = begin("1", step)
    (damaged / "step-00000009.bad").mkdir()
    begin("2", 4)  # the newest that is not finished
    begin("3", 10)

    prune_runs(tmp_path)

    assert (damaged / "step-00000009.bad").exists()


def set_aside(run, step):
    """Leave what a damaged state leaves."""
    (run / f"step-{step:08d}.bad").mkdir()


@pytest.mark.parametrize(("step", "stays"), [(3, False), (5, True)])
def test_a_state_that_was_set_aside_goes_once_a_later_one_is_sound(tmp_path, begin, step, stays):
    current = begin("1", 4)
    set_aside(current, step)

    prune_runs(tmp_path)

    assert (current / f"step-{step:08d}.bad").exists() == stays
    assert (current / "step-00000004").exists()


def test_a_state_that_was_set_aside_stays_while_no_later_one_is_sound(tmp_path, begin):
    current = begin("1", 4)
    set_aside(current, 3)
    (current / "step-00000004" / "state.json").write_text("{")

    prune_runs(tmp_path)

    assert (current / "step-00000003.bad").exists()


def test_a_state_that_was_set_aside_in_a_run_at_work_stays(tmp_path, begin):
    current = begin("1", 4)
    set_aside(current, 3)

    with hold_lock(current):
        prune_runs(tmp_path)

    assert (current / "step-00000003.bad").exists()
