"""RunDirectory: one run per fingerprint, and a new one says what changed."""

import pytest
import torch

from alm.checkpoint import (
    Fingerprint,
    RunDirectory,
    SavedState,
    StateStore,
    load_latest_model,
)
from alm.checkpoint.run import former_runs
from alm.errors import CheckpointError, IntegrityError


@pytest.fixture
def open_run(tmp_path, spec):
    def opened(components, messages):
        run = RunDirectory(tmp_path, Fingerprint(components), messages.append)
        run.open(spec)
        return run

    return opened


def test_a_new_fingerprint_says_what_changed_since_the_nearest_one(open_run):
    messages = []
    open_run({"src/a": "1", "src/b": "1", "text": "1"}, messages)
    second = open_run({"src/a": "2", "src/b": "1", "text": "1"}, messages)
    third = open_run({"src/a": "2", "src/b": "2", "text": "1"}, messages)

    assert len(messages) == 2
    assert messages[1].startswith(f"new training state {third.path.name}; since {second.path.name}")
    assert messages[1].endswith("changed: src/b")


def test_the_same_fingerprint_is_the_same_run_and_says_nothing(open_run):
    messages = []

    runs = [open_run({"src/a": "1"}, messages) for _ in range(2)]

    assert runs[0].path == runs[1].path
    assert messages == []


def test_former_runs_are_told_in_the_order_in_which_they_were_opened(tmp_path, open_run):
    first, *others = (open_run({"src/a": name}, []).path for name in "123456")
    open_run({"src/a": "1"}, [])

    assert former_runs(tmp_path) == others[::-1]
    assert first not in former_runs(tmp_path)


def test_runs_of_which_nothing_is_told_are_former_ones_too(tmp_path, open_run):
    first, second = (open_run({"src/a": name}, []).path for name in "12")
    (tmp_path / "current.json").write_text(f'{{"run": "{second.name}"}}')

    assert former_runs(tmp_path) == [first]


DAMAGED_RECORDS = [
    *(
        "",
        "{",
        "[]",
        "{}",
        '{"run": 5}',
        '{"run": "a", "former": 5}',
        '{"run": "a", "former": [{}]}',
    ),
    *('{"run": ""}', '{"run": ".."}', '{"run": "a", "former": ["../../elsewhere"]}'),
]


@pytest.mark.parametrize("damaged", DAMAGED_RECORDS)
def test_a_damaged_record_of_runs_stops_no_training_but_any_removal(tmp_path, open_run, damaged):
    run = open_run({"src/a": "1"}, []).path
    (tmp_path / "current.json").write_text(damaged)

    with pytest.raises(IntegrityError, match="current.json"):
        former_runs(tmp_path)
    with pytest.raises(IntegrityError, match="current.json"):
        load_latest_model(tmp_path, "cpu")
    open_run({"src/a": "2"}, [])

    assert former_runs(tmp_path) == [run]


def test_latest_model_is_that_of_the_current_run(tmp_path, open_run, model):
    open_run({"src/a": "1"}, [])
    run = open_run({"src/a": "2"}, [])
    tensors = {"model": model.state_dict(), "optimizer": {}, "best": {}}
    StateStore(run.path, 1, print).save(SavedState(3, tensors, {}))

    found = load_latest_model(tmp_path, "cpu")

    ids_BT = torch.arange(8)[None]
    with torch.no_grad():
        ours, theirs = (m.eval().logits(m(ids_BT).hidden_BTD) for m in (found, model))
    assert torch.equal(ours, theirs)


def test_without_a_run_or_a_state_the_error_says_what_to_do(tmp_path, open_run):
    with pytest.raises(CheckpointError, match="start one with `make pretrain"):
        load_latest_model(tmp_path, "cpu")

    open_run({"src/a": "1"}, [])

    with pytest.raises(CheckpointError, match="has not saved a state yet"):
        load_latest_model(tmp_path, "cpu")


@pytest.mark.parametrize("damaged", ["", "{", "[]", "5"])
def test_a_run_whose_makings_cannot_be_read_stops_no_other(tmp_path, open_run, damaged):
    messages = []
    first = open_run({"src/a": "1", "src/b": "1"}, messages)
    second = open_run({"src/a": "2", "src/b": "2"}, messages)
    (second.path / "fingerprint.json").write_text(damaged)
    open_run({"src/a": "2", "src/b": "3"}, messages)

    assert f"since {first.path.name} changed: src/a, src/b" in messages[-1]


def test_a_run_that_is_being_removed_is_none(tmp_path, open_run):
    messages = []
    first = open_run({"src/a": "1"}, messages).path
    first.rename(first.with_name(f".trash-{first.name}"))
    second = open_run({"src/a": "2"}, messages).path

    assert messages == []
    assert second not in former_runs(tmp_path)
    assert former_runs(tmp_path) == []
