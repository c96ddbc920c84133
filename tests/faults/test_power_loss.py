"""Pull the plug at every call of several saves: a state that was reported as saved is found.

A kill cannot prove this, since the system keeps what a killed process wrote. So the calls are
recorded, and a model of a disk says what may be there after each.

Five ways to write carelessly must each be caught, or the model would prove nothing.
"""

import random
import re

import pytest

from alm.checkpoint import StateStore
from alm.checkpoint.states import whole_states
from alm.errors import CheckpointError
from alm.io import remove_directory

from .platter import Disk, Tape, lay_out, without_sync_of

SAVES = (1, 2, 3, 3, 4)  # the first, a later one, one that prunes, one over it, one more
SEEN_BY_RECOVERY = re.compile(r"step-[0-9]+(\.old|\.part|\.bad)?")


@pytest.fixture
def record(tmp_path, under_io, make_state):
    """Record saves below ``tmp_path/disk``; nothing was there before."""

    def record(kind=StateStore, keep=2):
        root, tape = tmp_path / "disk", Tape()
        root.mkdir()
        store = kind(root / "state" / "run", keep, print)
        with under_io(tape):
            for flavour, step in enumerate(SAVES):
                store.save(make_state(step, flavour))
                tape.events.append(("reported", step))
        return root, tape.events

    return record


# --- the recovery ---------------------------------------------------------------------------------


class Recovery:
    """Starts from what a power cut left, as the next run would."""

    def __init__(self, root, flavour_of):
        self._root = root
        self._flavour_of = flavour_of
        self._known = {}
        self._n_made = 0

    def step_from(self, tree):
        """Return the step that is found, 0 for none, -1 where a person would have to decide."""
        run = tree.get("state", {}).get("run", {})
        seen = {name: each for name, each in run.items() if SEEN_BY_RECOVERY.fullmatch(name)}
        seen |= {name: {} for name in seen if name.endswith(".part")}  # that it is there suffices
        key = repr(seen)
        if key not in self._known:
            self._known[key] = self._start(seen)
        return self._known[key]

    def _start(self, run):
        self._n_made += 1
        root = self._root / str(self._n_made)
        lay_out(root, run)
        try:
            found = StateStore(root, 2, lambda _: None).load_latest()
        except CheckpointError:
            return -1
        if found is None:
            return 0
        self._flavour_of(found)
        return found.step


@pytest.fixture
def count_losses(tmp_path, flavour_of, unsynced):
    """Return (power cuts, those after which less is found than was reported as saved)."""

    def count_losses(root, events, per_call):
        disk, recovery = Disk(root), Recovery(tmp_path / "after", flavour_of)
        chance, reported, n_cuts, n_lost = random.Random(0), 0, 0, 0
        for event in events:
            disk.do(*event)
            reported = event[1] if event[0] == "reported" else reported
            for _ in range(per_call):
                n_cuts += 1
                n_lost += recovery.step_from(disk.after_power_cut(chance)) < reported
        return n_cuts, n_lost

    return count_losses


def test_a_saved_state_survives_20_000_power_cuts(record, count_losses):
    n_cuts, n_lost = count_losses(*record(), per_call=115)

    assert n_cuts >= 20_000
    assert n_lost == 0


@pytest.mark.usefixtures("no_exchange")
def test_a_saved_state_survives_where_names_cannot_be_exchanged(record, count_losses):
    n_cuts, n_lost = count_losses(*record(), per_call=20)

    assert n_cuts >= 3_000
    assert n_lost == 0


def test_a_state_that_was_said_to_be_set_aside_is_so_after_a_power_cut(record, under_io):
    root, events = record()
    disk, tape, chance = Disk(root), Tape(), random.Random(0)
    for event in events:
        disk.do(*event)
    newest = root / "state" / "run" / "step-00000004"
    (newest / "state.json").write_bytes(b"{")

    with under_io(tape):
        assert StateStore(newest.parent, 2, print).load_latest().step == 3
    for event in tape.events:
        disk.do(*event)

    for _ in range(100):
        run = disk.after_power_cut(chance)["state"]["run"]
        assert {newest.name, f"{newest.name}.bad"} & run.keys() == {f"{newest.name}.bad"}


# --- ways to write carelessly ---------------------------------------------------------------------


def with_name_before_bytes(events):
    """Let a state have its name before anything in it is synced."""
    moved, waiting = [], []
    for event in events:
        if event[0] in {"rename", "exchange"} and is_state(event[2]):
            moved += [event, *(("sync", event[2] / name) for name in waiting)]
            waiting = []
        elif event[0] == "sync" and is_part(event[1].parent):
            waiting.append(event[1].name.removesuffix(".part"))
        else:
            moved.append(event)
    return moved


def is_state(path):
    return re.fullmatch("step-[0-9]+", path.name)


def is_part(path):
    return path.name.startswith("step-") and path.suffix == ".part"


class HastyStore(StateStore):
    """Keeps one state, and makes room for it before it is saved."""

    def save(self, state):
        for path in whole_states(self._root):
            remove_directory(path)
        super().save(state)


SABOTAGES = {
    "no file is synced": without_sync_of(lambda path: is_part(path.parent)),
    "no state's folder is synced": without_sync_of(is_part),
    "the run's folder is not synced": without_sync_of(lambda path: path.name == "run"),
    "a new folder's name is not synced": without_sync_of(lambda path: path.name == "state"),
    "the name comes before the bytes": with_name_before_bytes,
}


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_careless_writing_is_caught(sabotage, record, count_losses):
    root, events = record()

    n_cuts, n_lost = count_losses(root, SABOTAGES[sabotage](events), per_call=2)

    assert n_lost > n_cuts / 100


def test_pruning_too_early_is_caught(record, count_losses):
    n_cuts, n_lost = count_losses(*record(HastyStore, keep=1), per_call=2)

    assert n_lost > n_cuts / 100
