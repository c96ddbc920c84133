"""Pull the plug at every call of several saves: a state that was reported as saved is found.

A kill cannot prove this, since the system keeps what a killed process wrote. So the calls are
recorded, and a model of a disk says what may be there after each: of names and bytes that were
synced, all; of the others, any. This is how LevelDB tests itself (``fault_injection_test.cc``).

Five ways to write carelessly must each be caught, or the model would prove nothing.
"""

import os
import random
import re
from dataclasses import dataclass, field

import pytest

from alm.checkpoint import StateStore
from alm.checkpoint.states import whole_states
from alm.errors import CheckpointError
from alm.io import remove_directory

SAVES = (1, 2, 3, 3, 4)  # the first, a later one, one that prunes, one over it, one more
SEEN_BY_RECOVERY = re.compile(r"step-[0-9]+(\.old|\.part|\.bad)?")


# --- the model ------------------------------------------------------------------------------------


@dataclass(eq=False)
class File:
    durable: bytes = b""
    data: bytes = b""

    def after_power_cut(self, chance):
        """Bytes that were not synced are there, or zeros, or cut off somewhere."""
        kept = chance.choice((len(self.durable), len(self.data)))
        kept = chance.choice((kept, chance.randint(0, len(self.data))))
        kept = max(kept, min(len(self.durable), len(self.data)))
        if self.data == self.durable:
            return self.data
        return chance.choice((self.data[:kept], self.data[:kept].ljust(len(self.data), b"\0")))


@dataclass(eq=False)
class Folder:
    durable: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    pending: list = field(default_factory=list)

    def change(self, **names):
        """Give names to nodes, at the same instant; a node of None has its name taken away."""
        change = [(name, self.entries.get(name), node) for name, node in names.items()]
        self.pending.append(change)
        make(change, self.entries)

    def after_power_cut(self, chance):
        """Each change that was not synced is there or is not, whatever became of the others."""
        entries, share = dict(self.durable), chance.choice((0.0, 0.5, 1.0))
        for change in self.pending:
            if chance.random() < share:
                make(change, entries)
        return {name: node.after_power_cut(chance) for name, node in sorted(entries.items())}


def make(change, entries):
    for name, former, node in change:
        if node is not None:
            entries[name] = node
        elif entries.get(name) is former:  # another may have the name, if a change is not there
            entries.pop(name, None)


class Disk:
    """What lies below a root, as the system shows it and as the disk has it."""

    def __init__(self, root):
        self._root = root
        self._folder = Folder()

    def at(self, path):
        node = self._folder
        for name in path.relative_to(self._root).parts:
            node = node.entries[name]
        return node

    def do(self, name, *arguments):
        getattr(self, name)(*arguments)

    def make(self, path, kind):
        self.at(path.parent).change(**{path.name: kind()})

    def write(self, path, data):
        self.at(path).data += data

    def sync(self, path):
        node = self.at(path)
        if isinstance(node, File):
            node.durable = node.data
        else:
            node.durable, node.pending = dict(node.entries), []

    def rename(self, source, target):
        """All of ours stay in their folder."""
        self.at(source.parent).change(**{source.name: None, target.name: self.at(source)})

    def exchange(self, first, second):
        here = self.at(first.parent)
        here.change(**{first.name: self.at(second), second.name: self.at(first)})

    def remove(self, path):
        self.at(path.parent).change(**{path.name: None})

    def saved(self, step):
        """Nothing happens on the disk."""

    def after_power_cut(self, chance):
        """Return one of the trees that may be left: name -> bytes or tree."""
        return self._folder.after_power_cut(chance)


# --- the recording --------------------------------------------------------------------------------


class Tape:
    """Makes calls and writes them down, as events that ``Disk`` does."""

    def __init__(self):
        self.events = []
        self._paths = {}

    def __call__(self, name, call, arguments):
        event = self._describe(name, *arguments)
        result = None if name == "sync" else call(*arguments)
        if name == "open_file":
            self._paths[result] = arguments[0]
        elif name == "write":
            event = ("write", event[1], bytes(arguments[1][:result]))
        if event:
            self.events.append(event)
        return result

    def _describe(self, name, *arguments):
        if name == "open_file":
            path, flags = arguments
            is_new = flags & os.O_CREAT and not path.exists()
            return ("make", path, File) if is_new else None
        if name in {"write", "sync"}:
            return name, self._paths[arguments[0]]
        if name == "make_directory":
            return "make", arguments[0], Folder
        if name in {"unlink", "remove_directory"}:
            return ("remove", arguments[0]) if os.path.lexists(arguments[0]) else None
        return (name, *arguments) if name in {"rename", "exchange"} else None


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
                tape.events.append(("saved", step))
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


def lay_out(root, tree):
    root.mkdir(parents=True)
    for name, each in tree.items():
        if isinstance(each, bytes):
            (root / name).write_bytes(each)
        else:
            lay_out(root / name, each)


@pytest.fixture
def count_losses(tmp_path, flavour_of, unsynced):
    """Return (power cuts, those after which less is found than was reported as saved)."""

    def count_losses(root, events, per_call):
        disk, recovery = Disk(root), Recovery(tmp_path / "after", flavour_of)
        chance, reported, n_cuts, n_lost = random.Random(0), 0, 0, 0
        for event in events:
            disk.do(*event)
            reported = event[1] if event[0] == "saved" else reported
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


# --- ways to write carelessly ---------------------------------------------------------------------


def without_sync_of(is_such):
    """Make a way to drop each sync of some paths."""
    return lambda events: [e for e in events if not (e[0] == "sync" and is_such(e[1]))]


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
