"""Damage saved states in every way: never a wrong state, never a fresh start that nobody asked for.

A run has two states. One or both are damaged; what is loaded then must be one that was saved, bit
for bit, and the newest that is sound; where none is, the run stops.
"""

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alm.checkpoint import StateStore
from alm.checkpoint.states import load_state, verify_state
from alm.errors import AlmError, CheckpointError, IntegrityError

OLDER, NEWER = "step-00000001", "step-00000002"
STEPS = {OLDER: 1, NEWER: 2}


@pytest.fixture
def run(tmp_path, make_state, unsynced):
    """Two saved states."""
    store = StateStore(tmp_path / "run", 2, print)
    for step in STEPS.values():
        store.save(make_state(step))
    return tmp_path / "run"


# --- one bit --------------------------------------------------------------------------------------


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("n", [800, pytest.param(5_000, marks=pytest.mark.nightly)])
def test_flipped_bits_are_all_noticed(run, n):
    chance = random.Random(0)
    files = [path for path in sorted((run / NEWER).iterdir()) if path.stat().st_size]
    whole = {path: path.read_bytes() for path in files}
    load_state(run / NEWER)

    for _ in range(n):
        path = chance.choice(files)
        flip(path, chance.randrange(8 * len(whole[path])))
        with pytest.raises(IntegrityError):
            verify_state(run / NEWER)
        path.write_bytes(whole[path])

    load_state(run / NEWER)


# --- anything -------------------------------------------------------------------------------------


def cut(path, chance):
    """By more than the last newline, without which JSON is as good."""
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size - 1)])


def lengthen(path, chance):
    path.write_bytes(path.read_bytes() + b"\0" + chance.randbytes(chance.randint(0, 9)))


def flip_one(path, chance):
    flip(path, chance.randrange(8 * path.stat().st_size))


def overwrite(path, chance):
    data = bytearray(path.read_bytes())
    start = chance.randrange(len(data))
    data[start : start + 9] = bytes(len(data[start : start + 9]))
    if bytes(data) != path.read_bytes():
        path.write_bytes(bytes(data))
    else:
        path.write_bytes(b"")


def empty(path, chance):
    path.write_bytes(b"")


def delete(path, chance):
    path.unlink()


def replace_by_folder(path, chance):
    path.unlink()
    path.mkdir()


def replace_by_link(path, chance):
    """Even to the very same bytes: what it leads to may change any day."""
    elsewhere = path.parents[1] / "elsewhere"
    shutil.move(path, elsewhere)
    path.symlink_to(chance.choice((elsewhere, "nowhere", path)))


def take_from_another_state(path, chance):
    other = path.parents[1] / (OLDER if path.parent.name == NEWER else NEWER)
    theirs = (other / path.name).read_bytes() if (other / path.name).is_file() else b""
    path.write_bytes(theirs if theirs != path.read_bytes() else b"")


def add_a_file(path, chance):
    path.with_name("one more").write_bytes(path.read_bytes())


DAMAGES = (
    *(cut, lengthen, flip_one, overwrite, empty, delete),
    *(replace_by_folder, replace_by_link, take_from_another_state, add_a_file),
)


def remove_all(state, chance):
    for path in sorted(state.iterdir()):
        path.unlink()


def be_a_file(state, chance):
    shutil.rmtree(state)
    state.write_bytes(b"state")


def be_a_link_to_nowhere(state, chance):
    shutil.rmtree(state)
    state.symlink_to("nowhere")


def be_another_state(state, chance):
    """Under a name that is not its own, or the younger one would hide the older one."""
    other = state.with_name(OLDER if state.name == NEWER else NEWER)
    files = [root / "state.json" for root in (state, other)]
    if all(path.is_file() for path in files) and files[0].read_bytes() != files[1].read_bytes():
        shutil.rmtree(state)
        shutil.copytree(other, state, symlinks=True)
    else:  # the other one is this one already
        remove_all(state, chance)


WHOLE_DAMAGES = (remove_all, be_a_file, be_a_link_to_nowhere, be_another_state)


def damage(state, chance):
    if chance.random() < 0.15:
        chance.choice(WHOLE_DAMAGES)(state, chance)
    else:
        files = [path for path in sorted(state.iterdir()) if path.stat().st_size]
        chance.choice(DAMAGES)(chance.choice(files), chance)


@dataclass
class Outcome:
    said: list = field(default_factory=list)
    found: object = None
    error: AlmError | None = None


def start(run):
    outcome = Outcome()
    try:
        outcome.found = StateStore(run, 2, outcome.said.append).load_latest()
    except CheckpointError as error:
        outcome.error = error
    return outcome


def lay_out(run, files):
    shutil.rmtree(run)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def check(run, damaged, flavour_of):
    outcome = start(run)
    if NEWER not in damaged:
        assert outcome.found.step == 2
    elif OLDER not in damaged:
        assert outcome.found.step == 1
    else:
        assert "no saved state" in str(outcome.error)
        assert all(name in str(outcome.error) for name in STEPS)
    if outcome.found:
        assert flavour_of(outcome.found) == 0
    if NEWER in damaged:  # the newest is set aside, and it is said why
        assert (run / f"{NEWER}.bad").is_symlink() or (run / f"{NEWER}.bad").exists()
        assert outcome.said[0].startswith(f"{NEWER} cannot be used and is set aside as {NEWER}.bad")


@pytest.mark.parametrize("n", [300, pytest.param(2_000, marks=pytest.mark.nightly)])
def test_damage_never_gives_a_wrong_state_nor_a_fresh_start(run, flavour_of, n):
    chance = random.Random(1)
    files = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}

    for _ in range(n):
        damaged = chance.choice(([NEWER], [NEWER], [OLDER], [OLDER, NEWER]))
        for name in damaged:
            damage(run / name, chance)
        check(run, damaged, flavour_of)
        lay_out(run, files)


def test_every_kind_of_damage_is_noticed_on_every_file(run, flavour_of):
    """So that no kind hides behind chance."""
    chance = random.Random(2)
    files = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}
    names = [path.name for path in files if path.parent.name == NEWER]

    for kind in DAMAGES:
        for name in names:
            kind(run / NEWER / name, chance)
            check(run, [NEWER], flavour_of)
            lay_out(run, files)
    for kind in WHOLE_DAMAGES:
        kind(run / NEWER, chance)
        check(run, [NEWER], flavour_of)
        lay_out(run, files)


def test_asking_again_is_no_way_to_a_fresh_start(run):
    for name in STEPS:
        (run / name / "state.json").write_bytes(b"")

    for _ in range(3):
        assert isinstance(start(run).error, CheckpointError)
    assert sorted(path.name for path in Path(run).iterdir()) == [f"{OLDER}.bad", f"{NEWER}.bad"]
