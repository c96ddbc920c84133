import json
from dataclasses import asdict

import pytest

from alm.config import Machine, Params
from alm.errors import AlmError, ConfigError
from alm.project.consent import ask_consent
from alm.project.plan import Plan


@pytest.fixture(autouse=True)
def states(tmp_path, monkeypatch):
    monkeypatch.setenv("ALM_STATE_DIR", str(tmp_path / "states"))
    return tmp_path / "states"


@pytest.fixture
def measure(states, project):
    """Claim that training a preset takes so many seconds here."""

    def write(preset, seconds):
        tokens_per_second = Plan.of(preset, Machine(), project).tokens / seconds
        (states / preset).mkdir(parents=True, exist_ok=True)
        params = Params.load(preset, project)
        effort = Machine().effort(params.runtime.numerics)
        timings = json.dumps({"tokens_per_second": tokens_per_second, "effort": effort})
        (states / preset / "timings.json").write_text(timings)
        (states / preset / "current.json").write_text('{"run": "run"}')
        (states / preset / "run").mkdir(exist_ok=True)
        shape = json.dumps({"model": asdict(params.model)})
        (states / preset / "run" / "config.json").write_text(shape)

    return write


def never(preset):
    raise AssertionError(f"asked about {preset}")


def test_a_short_build_is_not_asked_about(project, measure):
    measure("tiny", 60)

    ask_consent("tiny", never, project)


def test_a_long_build_says_what_it_costs_and_how_to_agree(project, measure):
    measure("tiny", 30_240)

    with pytest.raises(AlmError, match=r"tiny takes about 8\.4 hours.*measured.*YES=1"):
        ask_consent("tiny", lambda preset: False, project)


def test_the_limit_is_an_hour(project, measure):
    measure("tiny", 3599)
    ask_consent("tiny", never, project)

    measure("tiny", 3601)
    with pytest.raises(AlmError):
        ask_consent("tiny", lambda preset: False, project)


def test_who_agreed_is_not_asked_again(project, measure, monkeypatch):
    measure("tiny", 30_240)
    monkeypatch.setenv("ALM_YES", "1")

    ask_consent("tiny", never, project)


def test_a_long_build_that_is_done_is_not_asked_about(project, measure):
    measure("tiny", 30_240)

    ask_consent("tiny", lambda preset: preset == "tiny", project)


def test_the_preset_that_another_starts_from_counts_too(project, measure, change):
    change("presets.tiny.train.init", "own")
    measure("tiny", 60)
    measure("own", 30_240)

    with pytest.raises(AlmError, match="training own takes"):
        ask_consent("tiny", lambda preset: False, project)


def test_an_unknown_preset_is_a_mistake_and_no_question(project):
    with pytest.raises(ConfigError, match="choose from: tiny"):
        ask_consent("huge", never, project)
