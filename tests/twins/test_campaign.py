"""A campaign: what is missing is trained, nothing twice, and the report says what came of it."""

import itertools
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from alm.errors import AlmError, ConfigError, Interrupted
from alm.io import read_json
from alm.runtime import Numerics
from alm.twins import campaign, start_process

from .conftest import leave_result


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    monkeypatch.setattr("alm.twins.speed.is_busy", lambda: True)


LOSSES = {"moe": 3.5, "active": 3.6, "total": 3.4}


@pytest.fixture
def start(plan):
    """Stand in for a process that does a trial: note it, and leave a result at once.

    ``codes`` says which trial ends with another exit code, once; ``trains`` lets them be trained.
    """

    def run(command):
        given = dict(word.removeprefix("--").split("=") for word in command[2:])
        name, seed = given["only"], int(given["seed"])
        run.calls.append(f"{name}-{seed}")
        if code := run.codes.pop(run.calls[-1], 0):
            return code
        own = plan(seeds=(seed,), tokens=int(given["tokens"]))
        if run.trains:
            own.run_one(name)
            return 0
        trial = next(each for each in own.trials if each.variant.name == name)
        leave_result(trial, LOSSES[name] + seed / 1e4)
        return 0

    run.calls, run.codes, run.trains = [], {}, False
    return run


ALL = ["moe-5", "active-5", "total-5", "moe-6", "active-6", "total-6"]


def test_a_campaign_trains_and_tells(plan, start):
    start.trains = True

    said = plan().run(start)

    results = [trial.result() for trial in plan().trials]
    figures = read_json(Path("reports/twins/tiny.json"))
    assert figures["contestants"]["moe"]["losses"] == [each["val_loss"] for each in results[::3]]
    assert 2 < figures["contestants"]["active"]["loss"]["value"] < 6
    assert said.splitlines()[0] in Path("reports/twins/tiny.md").read_text()
    assert said.endswith("report: reports/twins/tiny.md")


def test_each_network_is_trained_from_each_seed_once(plan, start):
    said = plan().run(start)
    report = Path("reports/twins/tiny.json").read_bytes()

    assert plan().run(start) == said
    assert start.calls == ALL
    assert Path("reports/twins/tiny.json").read_bytes() == report


def test_figures_are_rounded_and_hold_no_clock(plan, start):
    plan(seeds=(5, 6, 7)).run(start)

    figures = read_json(Path("reports/twins/tiny.json"))
    assert figures["tokens"] == 320
    assert figures["contestants"]["moe"]["loss"]["low"] == 3.50035  # 3.500351586...
    assert figures["speed"] is None


def test_measured_speed_is_in_figures_and_page(plan, start, monkeypatch, speed):
    monkeypatch.setattr(campaign, "find_speed", lambda *_: speed)

    plan().run(start)

    figures = read_json(Path("reports/twins/tiny.json"))
    assert figures["speed"]["ratios"]["active"]["value"] == 0.82
    assert "Some CPU" not in Path("reports/twins/tiny.json").read_text()
    assert "Speed measured on Some CPU" in Path("reports/twins/tiny.md").read_text()


def test_more_seeds_train_only_what_is_new(plan, start):
    plan(seeds=(5,)).run(start)
    plan().run(start)

    assert start.calls == ALL


def test_a_failed_trial_ends_the_campaign_which_goes_on_from_there(plan, start):
    start.codes = {"total-5": 5}

    with pytest.raises(AlmError, match="dense_tiny_total, seed 5 failed"):
        plan().run(start)
    plan().run(start)

    assert start.calls == [*ALL[:3], *ALL[2:]]


@pytest.mark.parametrize("code", [130, 143])
def test_an_interrupted_trial_interrupts_the_campaign(plan, start, code):
    start.codes = {"active-5": code}

    with pytest.raises(Interrupted, match="dense_tiny, seed 5 was interrupted") as caught:
        plan().run(start)

    assert caught.value.exit_code == code
    assert start.calls == ALL[:2]


def test_a_trial_in_other_hands_is_passed_over_and_waited_for(plan, start):
    start.codes = {"moe-5": 75}

    with pytest.raises(AlmError, match="1 trials are being trained .*tiny, seed 5"):
        plan().run(start)

    assert start.calls == ALL
    assert not Path("reports").exists()


def test_code_that_changes_meanwhile_is_noticed(plan):
    """The process that trains has read the new code, and leaves its result elsewhere."""
    with pytest.raises(AlmError, match="tiny, seed 5: expected its result .* run it again"):
        plan().run(lambda _: 0)


def test_hours_of_training_are_asked_for(plan, start, monkeypatch):
    with pytest.raises(AlmError, match=r"training 6 networks on 10,000,000,000 .* Add YES=1"):
        plan(tokens=10**10).run(start)
    monkeypatch.setenv("ALM_YES", "1")
    start.codes = {"moe-5": 1}

    with pytest.raises(AlmError, match="tiny, seed 5 failed"):
        plan(tokens=10**10).run(start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": ()}, "expected 1 to 20 seeds, found 0"),
        ({"seeds": range(21)}, "expected 1 to 20 seeds, found 21"),
        ({"tokens": 0}, "expected tokens to train on, found 0"),
    ],
)
def test_what_makes_no_comparison_is_refused(plan, changes, message):
    with pytest.raises(ConfigError, match=message):
        plan(**changes)


def test_without_a_number_of_tokens_the_presets_own_counts(plan, params):
    assert plan(tokens=None).tokens == params.train.tokens


def test_networks_are_all_compiled_or_none_is(plan, params, monkeypatch):
    """The larger dense twin does more, and may pass alone what compiling is worth."""

    def compile_the_largest(self, config, *_):
        compiled = config.compile == "auto" and next(sizes) == 2
        return replace(self, compiled=compiled)

    sizes = itertools.cycle(range(3))
    monkeypatch.setattr(Numerics, "compile_if_worthwhile", compile_the_largest)

    found = plan().trials

    assert params.runtime.compile == "auto"
    assert {trial.training.params.runtime.compile for trial in found} == {"never"}
    assert {trial.training.numerics.compiled for trial in found} == {False}


def test_an_unknown_network_is_refused(plan):
    with pytest.raises(ConfigError, match="no variant 'dense'; choose from: moe, active, total"):
        plan().run_one("dense")


# --- processes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_exit_codes_are_those_of_a_shell(code, expected):
    assert start_process([sys.executable, "-c", code]) == expected


SAVES = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, lambda *_: None)
Path("number").write_text(str(os.getpid()))
Path("number").rename("ready")
time.sleep(float(sys.argv[1]))
Path("saved").touch()
sys.exit(130)
"""


@pytest.fixture
def interrupted(checkout):
    """Start a process that saves when it is asked to leave, and interrupt the wait for it.

    A shell starts what it runs in the background with SIGINT ignored, and so these tests perhaps.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt():
        while not Path("ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    def run(seconds):
        thread = threading.Thread(target=interrupt)
        thread.start()
        code = start_process([sys.executable, "-c", SAVES, str(seconds)])
        thread.join()
        return code

    yield run
    signal.signal(signal.SIGINT, before)


def test_a_trial_that_is_interrupted_is_given_time_to_save(interrupted):
    assert interrupted(0.6) == 130
    assert Path("saved").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it runs on
def test_a_trial_that_did_not_hear_of_it_is_left(interrupted, monkeypatch):
    monkeypatch.setattr(campaign, "LEAVING_SECONDS", 0.01)

    assert interrupted(60) == 130
    assert not Path("saved").exists()
    os.kill(int(Path("ready").read_text()), signal.SIGKILL)
