"""What stages take: as their last run did, or counted work at a pace that we set."""

import json
import re
from dataclasses import asdict, replace

import pytest

from alm.config import Machine, Params
from alm.footprint import Footprint
from alm.project.budget import HeldOut
from alm.project.finding import note, ok
from alm.project.forecast import (
    Forecast,
    Pace,
    count_held_out,
    count_questions,
    forecast,
    render_stages,
)
from alm.project.plan import Plan
from alm.tasks.suite import QUESTIONS, pose

PACE = Pace(
    training=0.001,
    update=0.5,
    scoring=0.0001,
    speaking=0.25,
    training_bytes=800_000_000,
    scoring_bytes=300_000_000,
    basis="2 of 4 layers",
)
IDLE = ok("threads", "2 cores, load 0.1")
HELD_OUT = (HeldOut(name="a", docs=10, bytes=4000, tokens=1000),)


@pytest.fixture
def states(tmp_path):
    return tmp_path / "states"


@pytest.fixture
def plan(project, states, change):
    """A plan of 10 steps of 512 tokens: two validations of 4 rows."""
    change("presets.tiny.data", {"seq_len": 128})
    train = {"tokens": 5120, "batch_size": 4, "micro_batch_size": 4}
    train |= {"init": "scratch", "validate_every": 5, "validate_rows": 4}
    change("presets.tiny.train", train)
    change("presets.tiny.quantize", {"receipt_rows": 3})
    change("presets.tiny.evaluate", {"tasks": ["json", "samples"], "task_samples": 2})
    change("presets.tiny.sample", {"prompts": ["a", "b", "c"], "max_new_tokens": 10})
    return Plan.of("tiny", Machine(state_dir=states), project)


def packed(plan):
    return replace(plan, budget=replace(plan.budget, held_out=HELD_OUT))


def test_training_is_steps_and_validation(plan, states):
    found = forecast(plan, PACE, states)["pretrain"]

    tokens = 10 * 512 + 2 * 4 * 128 / 3
    assert found.seconds == pytest.approx(0.001 * tokens + 10 * 0.5)
    assert found.peak_bytes == 800_000_000 + 4 * plan.size.total
    assert found.basis == "the probe"


def test_training_that_was_measured_keeps_its_speed(plan, project, states):
    (states / "tiny" / "run").mkdir(parents=True)
    timings = {"tokens_per_second": 512, "effort": Machine().effort("portable")}
    (states / "tiny" / "timings.json").write_text(json.dumps(timings))
    (states / "tiny" / "current.json").write_text('{"run": "run"}')
    shape = json.dumps({"model": asdict(plan.params.model)})
    (states / "tiny" / "run" / "config.json").write_text(shape)

    found = forecast(Plan.of("tiny", Machine(state_dir=states), project), PACE, states)["pretrain"]

    assert found.seconds == 10
    assert found.basis == "time as measured here, memory the probe"


def test_what_follows_is_what_it_reads_and_says(plan, states):
    found = forecast(packed(plan), PACE, states)

    assert found["quantize"].seconds == pytest.approx(2 * 3 * 128 * 0.0001)
    assert found["quantize"].peak_bytes == 300_000_000 + 4 * plan.size.total
    assert found["sample"] == Forecast(
        seconds=2 * 3 * 10 * 0.25, peak_bytes=300_000_000, basis="the probe: 60 tokens said"
    )
    assert found["evaluate"].basis == "the probe: 1,280 tokens read, 112 tokens said"
    assert found["evaluate"].seconds == pytest.approx(1280 * 0.0001 + 112 * 0.25)


def test_text_that_is_not_packed_cannot_be_counted(plan, states):
    assert set(forecast(plan, PACE, states)) == {"pretrain", "quantize", "sample"}


def test_a_last_run_here_is_believed_before_the_probe(plan, states):
    Footprint(seconds=3.0, peak_bytes=7).note("sample@tiny", states)
    Footprint(seconds=4.0, peak_bytes=8).note("pack@synthetic", states)
    Footprint(seconds=5.0, peak_bytes=9).note("pack@own", states)

    found = forecast(plan, PACE, states)

    last = {"basis": "its last run here"}
    assert found["sample"] == Forecast(seconds=3.0, peak_bytes=7, **last)
    assert found["pack"] == Forecast(seconds=4.0, peak_bytes=8, **last)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"tokens": 10 * 50}, 10 * 128),  # a window a document
        ({"tokens": 10 * (129 + 64)}, 10 * 2 * 128),  # two, which overlap by half
        ({"tokens": 10 * 50, "bytes": 4 * 1_048_576}, 2.5 * 128),  # a quarter is within max_bytes
    ],
)
def test_windows_of_held_out_text_are_counted(project, source, expected):
    params = Params.load("tiny", project)
    each = {"name": "a", "docs": 10, "bytes": 4000, **source}

    assert count_held_out((HeldOut(**each),), params) == expected


def test_a_source_of_which_nothing_is_held_out_takes_nothing(project):
    nothing = HeldOut(name="b", docs=0, bytes=0, tokens=0)
    params = Params.load("tiny", project)

    assert count_held_out((*HELD_OUT, nothing), params) == count_held_out(HELD_OUT, params)


def test_limits_of_a_source_are_kept(project, change):
    change("presets.tiny.evaluate.limits", {"a": 3})

    assert count_held_out(HELD_OUT, Params.load("tiny", project)) == 3 * 128


def test_questions_are_about_as_long_as_expected(project):
    class Words:
        """Digits, signs and spaces by themselves, and words whole."""

        bos_id = 0

        def encode(self, text):
            return re.findall(r"[A-Za-z]+|.|\n", text)

    config = replace(Params.load("tiny", project).evaluate, task_examples=20)
    rows = {row: make for kinds in QUESTIONS.values() for row, make in kinds.items()}
    sheets = [s for row, make in rows.items() for _, s in pose(row, make, Words(), 20, 1000)]
    counted = 2 * sum(len(each.prefix) + sum(map(len, each.answers)) for each in sheets)

    assert count_questions(config) == pytest.approx(counted, rel=0.3)


def test_every_stage_has_a_line_and_what_is_unknown_a_question_mark(plan, states):
    lines = render_stages(plan, PACE, states, IDLE).splitlines()

    assert [line.split()[0] for line in lines[1:12]] == [stage.name for stage in plan.stages]
    assert lines[1].split()[1:5] == ["no", "?", "?", "?"]
    assert "sample      no              ?     ~15 seconds   ~300.0 MB  the probe: 60" in lines[10]
    assert lines[-1] == "probe    2 of 4 layers; an estimate, no promise"


def test_a_busy_machine_is_told(plan, states):
    busy = note("threads", "2 cores, load 9.0")

    lines = render_stages(plan, PACE, states, busy).splitlines()

    assert lines[-1] == "load     2 cores, load 9.0; idle, it takes less"
