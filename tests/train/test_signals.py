"""A signal at any moment of a run: that very step is saved, and going on ends in the same bits."""

import os
import random
import signal
import threading
import time
from itertools import product

import pytest

from alm.errors import Interrupted
from alm.io import calls

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
pytestmark = pytest.mark.usefixtures("signals_fail_the_test")
STEPS = 12


def everything(trainer):
    """Return what a run ends with: all tensors bit for bit, all values, the loss table."""
    state = trainer._state()
    tensors = {
        f"{group}/{name}": tensor.numpy().tobytes()
        for group, each in state.tensors.items()
        for name, tensor in each.items()
    }
    return tensors, state.values, trainer.table.to_csv()


@pytest.fixture
def undisturbed(build):
    trainer = build("undisturbed", steps=STEPS)
    trainer.fit()
    return everything(trainer)


def interrupted(trainer):
    """Train until a signal; return what that ended with."""
    with trainer.around.stop, pytest.raises(Interrupted) as caught:
        trainer.fit()
    return caught.value


@pytest.fixture
def ends_as(build, undisturbed):
    """Tell whether a run that was left goes on from a step, and ends as the undisturbed one."""

    def ends_as(name, step):
        resumed = build(name, steps=STEPS)
        assert resumed.around.store.load_latest().step == step
        resumed.fit()
        return everything(resumed) == undisturbed

    return ends_as


# --- in every part of a run -----------------------------------------------------------------------


def signal_in_step(trainer, number, at, monkeypatch):
    """While the rows of a step are fetched."""
    take = trainer._feed.take

    def take_and_signal(step):
        if step == at - 1:
            os.kill(os.getpid(), number)
        return take(step)

    monkeypatch.setattr(trainer._feed, "take", take_and_signal)


def signal_in_validation(trainer, number, at, monkeypatch):
    run = trainer.task.validation.run

    def signal_and_run(*arguments):
        if trainer.progress.step == at:
            os.kill(os.getpid(), number)
        return run(*arguments)

    monkeypatch.setattr(trainer.task.validation, "run", signal_and_run)


def signal_in_save(trainer, number, at, monkeypatch):
    """Before each write of the state of a step: the first raises the flag."""
    write, sent = calls.write, []

    def signal_and_write(*arguments):
        if trainer.progress.step == at and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        return write(*arguments)

    monkeypatch.setattr(calls, "write", signal_and_write)


PARTS = {
    "the first step, while the rate warms up": (signal_in_step, 1),
    "a step": (signal_in_step, 5),
    "validation": (signal_in_validation, 8),
    "a save": (signal_in_save, 6),
}


@pytest.mark.parametrize(("part", "number"), [*product(PARTS, SIGNALS)])
def test_a_signal_in_any_part_saves_that_step_and_leaves(build, ends_as, monkeypatch, part, number):
    send, step = PARTS[part]
    trainer = build("left", steps=STEPS)

    with monkeypatch.context() as patch:
        send(trainer, number, step, patch)
        error = interrupted(trainer)

    assert error.exit_code == 128 + number
    assert f"{signal.Signals(number).name}: saved step {step}" in str(error)
    assert ends_as("left", step)


def test_a_signal_in_the_last_save_comes_too_late(build, undisturbed, monkeypatch):
    trainer = build("done", steps=STEPS)

    with monkeypatch.context() as patch, trainer.around.stop as stop:
        signal_in_save(trainer, signal.SIGTERM, STEPS, patch)
        trainer.fit()

    assert stop.signal == signal.SIGTERM
    assert everything(trainer) == undisturbed


# --- at random moments ----------------------------------------------------------------------------


def send_after(seconds, number):
    def send():
        time.sleep(seconds)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()
    return sender


@pytest.mark.parametrize("n", [10, pytest.param(100, marks=pytest.mark.nightly)])
def test_signals_at_random_moments_cost_no_step(build, ends_as, n):
    """The step under way when the signal comes is the last one, and it is saved."""
    chance, n_left = random.Random(0), 0
    probe = build("probe", steps=STEPS)
    begun = time.monotonic()
    probe.fit()
    lasts = time.monotonic() - begun

    for i in range(n):
        number, trainer = chance.choice(SIGNALS), build(f"run{i}", steps=STEPS)
        steps_at_signal = []
        trainer.around.stop._on_request = lambda trainer=trainer, at=steps_at_signal: at.append(
            trainer.progress.step
        )
        begun = time.monotonic()
        with trainer.around.stop:
            sender = send_after(chance.uniform(0, 0.8) * lasts, number)
            try:
                trainer.fit()
                lasts = time.monotonic() - begun  # done before: the machine is faster than it was
            except Interrupted as error:
                n_left += 1
                assert error.exit_code == 128 + number
            sender.join()
        step = trainer.progress.step
        assert step - steps_at_signal[0] in {0, 1}
        assert ends_as(f"run{i}", step)

    assert n_left > n / 2
