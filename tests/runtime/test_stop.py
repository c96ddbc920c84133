"""StopRequest: a signal or an orphaned parent raises a flag, a second signal ends the process."""

import os
import signal
import subprocess
import sys
import time

import pytest

from alm.errors import Interrupted
from alm.runtime import StopRequest

WORKER = """
import os, sys, time
from alm.runtime import StopRequest
parent = os.getppid()
if sys.argv[1] == "late":
    print("loading", flush=True)
    while os.getppid() == parent:
        time.sleep(0.05)  # as if torch took its time
with StopRequest() as stop:
    print("watching", flush=True)
    for _ in range(1200):
        time.sleep(0.05)
        if stop.signal:
            print("flagged", stop.signal, flush=True)
            if sys.argv[1] != "stubborn":
                sys.exit(9)
"""


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
pytestmark = pytest.mark.usefixtures("signals_fail_the_test")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_the_flag_and_nothing_else(number):
    with StopRequest() as stop:
        os.kill(os.getpid(), number)

        with pytest.raises(Interrupted, match="saved step 3") as caught:
            stop.raise_if_requested("saved step 3")

    assert caught.value.exit_code == 128 + number


def test_without_a_request_nothing_is_raised():
    with StopRequest() as stop:
        stop.raise_if_requested("anywhere")

    assert stop.signal is None


@pytest.mark.parametrize("number", SIGNALS)
def test_handlers_are_put_back(number):
    before = signal.getsignal(number)

    with StopRequest():
        assert signal.getsignal(number) != before

    assert signal.getsignal(number) == before


def test_listener_is_told_once():
    told = []

    with StopRequest(lambda: told.append("stop")):
        os.kill(os.getpid(), signal.SIGTERM)

    assert told == ["stop"]


@pytest.mark.parametrize("second", SIGNALS)
def test_second_signal_ends_the_process_at_once(second):
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, "stubborn"], stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.stdout.readline()  # it is flagged
        process.send_signal(second)

        assert process.wait(timeout=30) == -second


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_forked_child_which_neither_saves_nor_announces_a_stop(number):
    told = []

    with StopRequest(lambda: told.append("stop")) as stop:
        child = os.fork()
        if not child:
            try:
                os.kill(os.getpid(), number)
            finally:  # only where it went on
                os._exit(3 + len(told))
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert ended == -number
    assert (told, stop.signal) == ([], None)


@pytest.mark.parametrize("when", ["polite", "late"])
def test_death_of_the_parent_is_noticed(tmp_path, when):
    """A parent starts the worker and is killed; the worker, now an orphan, sees the flag.

    It does so too if the parent died before the worker began to watch.
    """
    parent = f"""
import subprocess, sys, time
out = open({str(tmp_path / "out")!r}, "w")
subprocess.Popen([sys.executable, "-c", {WORKER!r}, {when!r}], stdout=out)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent])
    deadline = time.monotonic() + 60
    while not (tmp_path / "out").exists() or not (tmp_path / "out").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    process.kill()
    process.wait()

    while "flagged" not in (tmp_path / "out").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert f"flagged {int(signal.SIGTERM)}" in (tmp_path / "out").read_text()
