"""Whatever happens in whatever order: the newest sound state is never lost; dates mean nothing.

Hypothesis invents sequences of saves, damages, kills, restarts and prunings. A model knows which
states are sound; after every step the newest of them must be on the disk, bit for bit.
"""

import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from alm.checkpoint import StateStore, prune_runs
from alm.checkpoint.states import load_state, whole_states
from alm.errors import CheckpointError
from alm.io import write_json

KEEP = st.integers(1, 3)
YEAR = 365 * 86_400


class Killed(BaseException):
    """The process is no more."""


def killed_at(number, perform):
    """Let a process die before a call: from there on it changes nothing any more."""
    made = 0

    def handle(name, call, arguments):
        nonlocal made
        made += 1
        if made >= number:
            raise Killed
        return perform(name, call, arguments)

    return handle


class Retention(RuleBasedStateMachine):
    """A run, and what a person knows about it."""

    tools: SimpleNamespace
    """The fixtures that a test puts here."""

    def __init__(self):
        super().__init__()
        self.states = Path(tempfile.mkdtemp(prefix="retention-"))
        self.run = self.states / "preset" / "run"
        self.step = 0
        self.sound = set()
        """Steps that were reported as saved, and not damaged since."""
        self.undecided = None
        """Step of a save that was killed, and may have come to its end."""
        with self.tools.under_io(self.tools.perform):
            write_json(self.run.parent / "current.json", {"run": "run", "former": []})

    def teardown(self):
        shutil.rmtree(self.states)

    @rule(keep=KEEP)
    def save(self, keep):
        self.step += 1
        with self.tools.under_io(self.tools.perform):
            StateStore(self.run, keep, print).save(self.tools.make_state(self.step))
        self.sound.add(self.step)

    @rule(keep=KEEP, number=st.integers(1, 90))
    def save_and_be_killed(self, keep, number):
        self.step += 1
        try:
            with self.tools.under_io(killed_at(number, self.tools.perform)):
                StateStore(self.run, keep, print).save(self.tools.make_state(self.step))
            self.sound.add(self.step)
        except Killed:
            self.undecided = self.step
            self.restart()

    @rule()
    def restart(self):
        said = []
        newest = max(self.sound, default=0)
        with self.tools.under_io(self.tools.perform):
            try:
                found = StateStore(self.run, 1, said.append).load_latest()
            except CheckpointError:
                assert not self.sound
                assert list(self.run.glob("*.bad"))  # never for nothing
                return
        assert found or not self.sound
        if found and found.step != newest:
            assert found.step == self.undecided > newest
        self.sound |= {found.step} if found else set()

    @rule(number=st.integers(1, 20))
    def restart_and_be_killed(self, number):
        try:
            with self.tools.under_io(killed_at(number, self.tools.perform)):
                StateStore(self.run, 1, print).load_latest()
        except (Killed, CheckpointError):
            pass
        self.restart()

    @rule(back=st.integers(0, 2), file=st.sampled_from(["model.safetensors", "manifest.json"]))
    def damage(self, back, file):
        states = whole_states(self.run)
        if len(states) > back:
            path = states[-1 - back] / file
            path.write_bytes(path.read_bytes()[:-3])
            self.sound.discard(int(states[-1 - back].name[5:]))

    @rule(number=st.integers(1, 40))
    def prune(self, number):
        try:
            with self.tools.under_io(killed_at(number, self.tools.perform)):
                prune_runs(self.states)
        except Killed:
            pass

    @rule(seed=st.integers(0, 99))
    def turn_back_clocks(self, seed):
        date_anew(self.run, random.Random(seed))

    @invariant()
    def newest_sound_state_is_there(self):
        if self.sound:
            found = load_state(self.run / f"step-{max(self.sound):08d}")
            assert (found.step, self.tools.flavour_of(found)) == (max(self.sound), 0)
        there = {int(path.name[5:]) for path in whole_states(self.run)}
        self.sound &= there  # the others were pruned


def date_anew(root, chance):
    """Let everything be of any date."""
    for path in sorted(root.rglob("*")):
        when = time.time() + chance.uniform(-YEAR, YEAR)
        os.utime(path, (when, when))


@pytest.mark.parametrize("n", [60, pytest.param(1_000, marks=pytest.mark.nightly)])
def test_newest_sound_state_is_never_lost(n, under_io, perform, make_state, flavour_of):
    class Machine(Retention):
        tools = SimpleNamespace(
            under_io=under_io,
            perform=perform,
            make_state=make_state,
            flavour_of=flavour_of,
        )

    run_state_machine_as_test(Machine, settings=settings(max_examples=n, stateful_step_count=15))


@pytest.mark.usefixtures("unsynced")
def test_dates_of_files_and_the_clock_mean_nothing(tmp_path, make_state, monkeypatch):
    chance = random.Random(0)
    store = StateStore(tmp_path / "run", 3, print)

    for step in range(1, 101):
        now = time.time() + chance.uniform(-YEAR, YEAR)
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda now=now: now)
            store.save(make_state(step))
        date_anew(tmp_path, chance)
        assert store.load_latest().step == step

    assert [path.name[-3:] for path in whole_states(tmp_path / "run")] == ["098", "099", "100"]
