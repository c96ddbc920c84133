"""Kill the process at every single call by which a save changes the disk: nothing is lost."""

import os
import shutil
import signal
import sys
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from alm.checkpoint import StateStore, prune_runs
from alm.io import write_json

NEXT = 9  # step of the save that goes on after the kill


@dataclass(frozen=True)
class Scenario:
    """What is there, and what is killed."""

    saved: tuple[int, ...]
    """Steps of flavour 0."""
    keep: int
    act: str
    allowed: tuple[tuple[int, int] | None, ...]
    """(step, flavour) that may be found afterwards."""
    last: int = 1000
    """How many of the last calls are tried."""


SCENARIOS = {
    "the first save": Scenario((), 2, "save 1", (None, (1, 1))),
    "a later save, and its pruning": Scenario((1, 2), 2, "save 3", ((2, 0), (3, 1))),
    "a save over the same step": Scenario((1, 2), 2, "save 2", ((2, 0), (2, 1)), last=20),
    "setting aside": Scenario((1, 2), 2, "damage 2", ((1, 0),)),
    "make prune": Scenario((1, 2), 2, "prune", ((2, 0),)),
}
LONG = {
    "a save over the same step": Scenario((1, 2), 2, "save 2", ((2, 0), (2, 1))),
    "a save that prunes nothing": Scenario((1,), 2, "save 2", ((1, 0), (2, 1))),
    "a save that prunes all others": Scenario((1, 2, 3), 1, "save 4", ((3, 0), (4, 1))),
}


def store_of(root, scenario, say=lambda _: None):
    return StateStore(root / "preset" / "run", scenario.keep, say)


@pytest.fixture
def prepare(tmp_path, make_state, unsynced):
    """Make what is there before a scenario; return its copies, one after the other."""

    def copies(scenario):
        template = tmp_path / "template"
        write_json(template / "preset" / "current.json", {"run": "run", "former": []})
        for step in scenario.saved:
            store_of(template, scenario).save(make_state(step))
        if scenario.act == "damage 2":
            (template / "preset/run/step-00000002/state.json").write_text("{}")
        if scenario.act == "prune":
            (template / "preset/run/step-00000001.bad").mkdir()
        n = 0
        while True:
            n += 1
            yield Path(shutil.copytree(template, tmp_path / str(n)))

    return copies


@pytest.fixture
def act(make_state):
    """Do what is killed."""

    def act(root, scenario):
        verb, *step = scenario.act.split()
        if verb == "save":
            store_of(root, scenario).save(make_state(int(step[0]), flavour=1))
        elif verb == "damage":
            store_of(root, scenario).load_latest()
        else:
            prune_runs(root)

    return act


def kill_at(number, perform, *, torn):
    """Kill this process before a call; or, where it is a write, after half of it."""
    made = 0

    def handle(name, call, arguments):
        nonlocal made
        made += 1
        if made == number:
            if torn and name == "write":
                descriptor, data = arguments
                call(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return perform(name, call, arguments)

    return handle


def in_child(action):
    """Do something in a forked process; return the signal that ended it, or its exit code."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads that wait are no danger here
        child = os.fork()
    if not child:
        try:
            action()
            os._exit(0)
        except BaseException:  # nothing of the test may go on in the child
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def instants(made, last):
    """(number of a call, whether half of it is done): a write may be half done."""
    for number, name in list(enumerate(made, start=1))[-last:]:
        yield number, False
        if name == "write":
            yield number, True


@pytest.fixture
def kill_everywhere(prepare, act, under_io, list_calls, perform, make_state, flavour_of):
    """Kill a scenario at each instant, each time from the start; return the calls that it makes."""

    def kill(scenario, number, root, *, torn):
        with under_io(kill_at(number, perform, torn=torn)):
            ended = in_child(lambda: act(root, scenario))
        assert ended == -signal.SIGKILL

        store = store_of(root, scenario)
        found = store.load_latest()
        assert (found and (found.step, flavour_of(found))) in scenario.allowed, number
        store.save(make_state(NEXT))
        if list((root / "preset" / "run").glob("*.bad")):
            prune_runs(root)
        assert leftovers(root) == []

    def kill_everywhere(scenario):
        roots = prepare(scenario)
        first = next(roots)
        made = list_calls(lambda: act(first, scenario))
        for number, torn in instants(made, scenario.last):
            kill(scenario, number, next(roots), torn=torn)
        return len(made)

    return kill_everywhere


LEAST = {"save": 55, "damage": 4, "prune": 8}  # calls; should they bypass us, this would tell


@pytest.mark.parametrize("name", SCENARIOS)
def test_kill_at_every_call_loses_nothing(name, kill_everywhere):
    scenario = SCENARIOS[name]

    assert kill_everywhere(scenario) >= LEAST[scenario.act.split()[0]]


@pytest.mark.nightly
@pytest.mark.usefixtures("no_exchange")
def test_kill_at_every_call_loses_nothing_where_names_cannot_be_exchanged(kill_everywhere):
    assert kill_everywhere(LONG["a save over the same step"]) >= LEAST["save"]


@pytest.mark.nightly
@pytest.mark.parametrize("name", LONG)
def test_kill_at_every_call_loses_nothing_elsewhere_either(name, kill_everywhere):
    assert kill_everywhere(LONG[name]) >= LEAST["save"]


def leftovers(root):
    """Return the names that no save, removal or replacement should leave for good."""
    suffixes, names = (".part", ".old", ".bad"), [path.name for path in sorted(root.rglob("*"))]
    return [name for name in names if name.endswith(suffixes) or name.startswith(".trash")]
