"""Going on from a former run: the newest whole state, marked."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from alm.checkpoint import Fingerprint, ModelSpec, SavedState, StateStore, adopt_state
from alm.checkpoint.adoption import forget_adoptions, read_adoptions
from alm.checkpoint.states import whole_states
from alm.config import load_model_config
from alm.errors import CheckpointError, IntegrityError
from alm.io import write_json

OLD = Fingerprint({"src/alm/optim": "a", "params train": "1", "seed": "7"})
NEW = Fingerprint({"src/alm/optim": "b", "params train": "1", "seed": "8"})
SPEC = ModelSpec(
    model=load_model_config("tiny"), n_vocab=1024, seq_len=128, tokenizer_sha256="ab" * 32
)


def make_run(path, fingerprint=OLD, spec=SPEC, steps=(5, 10)):
    path.mkdir(parents=True)
    fingerprint.write(path)
    write_json(path / "config.json", asdict(spec))
    store = StateStore(path, 3, print)
    for step in steps:
        store.save(SavedState(step, {"model": {"w": torch.full((2,), float(step))}}, {"a": step}))
    return path


def adopt(source, target):
    return adopt_state(source, target, NEW, SPEC, n_steps=12)


@pytest.fixture
def source(tmp_path):
    return make_run(tmp_path / "former")


@pytest.fixture
def target(tmp_path):
    return make_run(tmp_path / "today", NEW, steps=())


def test_the_newest_state_is_continued_as_it_is(source, target):
    adoption = adopt(source, target)

    state = StateStore(target, 3, print).load_latest()
    assert (adoption.step, state.step, state.values) == (10, 10, {"a": 10})
    assert state.tensors["model"]["w"].tolist() == [10.0, 10.0]


def test_what_changed_is_written_down(source, target):
    adopt(source, target)

    assert read_adoptions(target) == [
        {"run": "former", "step": 10, "changed": ["seed", "src/alm/optim"]}
    ]


def test_a_state_beyond_the_end_of_todays_run_is_refused(tmp_path, target):
    source = make_run(tmp_path / "longer", steps=(5, 13))

    with pytest.raises(CheckpointError, match=r"at most the 12 steps .* found one of 13 .*tokens"):
        adopt(source, target)
    assert whole_states(target) == read_adoptions(target) == []


def test_a_second_change_of_hands_keeps_the_first(source, target, tmp_path):
    adopt(source, target)
    third = make_run(tmp_path / "third", OLD, steps=())

    adopt_state(target, third, OLD, SPEC, n_steps=12)

    assert [each["run"] for each in read_adoptions(third)] == ["former", "today"]


def test_a_damaged_state_is_passed_over(source, target):
    (whole_states(source)[-1] / "state.json").write_text("{}")

    assert adopt(source, target).step == 5


def test_a_run_without_a_whole_state_is_refused(tmp_path, target):
    empty = make_run(tmp_path / "empty", steps=())

    with pytest.raises(CheckpointError, match="found none that is whole"):
        adopt(empty, target)


def test_a_run_of_another_network_is_refused(tmp_path, target):
    other = make_run(tmp_path / "other", spec=replace(SPEC, tokenizer_sha256="cd" * 32))

    with pytest.raises(CheckpointError, match="this shape and tokenizer"):
        adopt(other, target)
    assert whole_states(target) == []


def test_a_run_that_has_begun_is_not_overwritten(source, tmp_path):
    begun = make_run(tmp_path / "begun", NEW, steps=(3,))

    with pytest.raises(CheckpointError, match="found step-00000003 .* remove that directory, and"):
        adopt(source, begun)


@pytest.mark.parametrize("name", ["nowhere", ".", "former/step-00000010"])
def test_what_is_no_run_is_answered_with_those_that_are(tmp_path, source, target, name):
    with pytest.raises(CheckpointError) as caught:
        adopt(tmp_path / name, target)

    assert f"found none at {tmp_path / name}; choose from: {source}" in str(caught.value)
    assert str(target) not in str(caught.value)


def test_where_there_is_no_former_run_that_is_said(tmp_path, target):
    with pytest.raises(CheckpointError, match=f"found none at x; {tmp_path} has none"):
        adopt(Path("x"), target)


def test_the_run_of_today_is_not_adopted_by_itself(target):
    with pytest.raises(CheckpointError, match="found today's own"):
        adopt(target.parent / "x" / ".." / target.name, target)


def test_a_run_of_its_own_was_never_adopted(source):
    assert read_adoptions(source) == []


def test_a_mark_goes_with_the_last_of_the_states_that_it_is_of(source, target):
    adopt(source, target)

    forget_adoptions(target)
    kept = read_adoptions(target)
    StateStore(target, 3, print).clear()
    forget_adoptions(target)

    assert len(kept) == 1
    assert read_adoptions(target) == []


def test_a_mark_stays_with_a_damaged_state(source, target):
    adopt(source, target)
    state = whole_states(target)[0]
    state.rename(state.with_name(state.name + ".bad"))

    forget_adoptions(target)

    assert len(read_adoptions(target)) == 1


@pytest.mark.parametrize("text", ["null", "{}", "[0]", '[{"run": "former", "step": "10"}]', "["])
def test_a_damaged_mark_is_no_clean_past(source, text):
    (source / "adopted.json").write_text(text)

    with pytest.raises(IntegrityError, match=r"adopted\.json"):
        read_adoptions(source)


def test_a_mark_that_leads_nowhere_is_no_clean_past(source):
    (source / "adopted.json").symlink_to("nowhere")

    with pytest.raises(IntegrityError, match=r"cannot read .*adopted\.json"):
        read_adoptions(source)
