"""Why a stage would run again, on a project of two stages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alm.errors import ConfigError
from alm.project.why import explain, name_stage

DVC_YAML = """\
stages:
  first:
    cmd: cp a.txt b.txt
    deps: [a.txt, code]
    params: [knob]
    outs: [b.txt]
  second:
    cmd: cp b.txt c.txt
    deps: [b.txt]
    outs: [c.txt]
"""


def run(root, *command):
    subprocess.run(command, cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two stages that were run once, and their lock committed."""
    root = tmp_path_factory.mktemp("why")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "params.yaml").write_text("knob:\n  lr: 0.1\n  betas: [0.9, 0.95]\n")
    (root / "a.txt").write_text("text")
    (root / "code").mkdir()
    (root / "code" / "one.py").write_text("1")
    run(root, "git", "init", "-q")
    run(root, "dvc", "init", "-q")
    run(root, "dvc", "repro", "-q")
    run(root, "git", "add", "-A")
    run(root, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "built")
    return root


@pytest.fixture
def house(built, tmp_path):
    """A copy that a test may change."""
    return Path(shutil.copytree(built, tmp_path / "house"))


def test_what_is_up_to_date_is_said_to_be(house):
    assert explain("second", house) == (
        "second is up to date, and so is all that it stands on: it would not run"
    )


def test_changes_are_named_down_to_the_file_and_the_key(house):
    (house / "code" / "two.py").write_text("2")
    (house / "params.yaml").write_text("knob:\n  lr: 0.2\n  betas: [0.9, 0.95]\n")
    commit = subprocess.check_output(["git", "log", "-1", "--format=%h"], cwd=house, text=True)

    said = explain("second", house).splitlines()

    assert said == [
        "first would run again:",
        f"  code has changed: two.py (since {commit.strip()})",
        "  knob.lr: 0.1 -> 0.2 (params.yaml)",
        "second runs again if one of these comes out different",
    ]


def test_a_result_that_is_gone_or_changed_is_a_reason(house):
    (house / "c.txt").unlink()
    assert "its result c.txt is not there; it is brought back" in explain("second", house)

    (house / "c.txt").write_text("by hand")
    assert "its result c.txt was changed" in explain("second", house)


def test_a_result_that_the_cache_lost_is_a_reason(house):
    shutil.rmtree(house / ".dvc" / "cache")

    assert explain("second", house).splitlines() == [
        "first would run again:",
        "  its result b.txt is not in DVC's cache",
        "second would run again:",
        "  its result c.txt is not in DVC's cache",
    ]


def test_what_only_follows_from_an_earlier_stage_is_not_repeated(house):
    (house / "a.txt").write_text("other")
    (house / "b.txt").unlink()

    assert explain("second", house).splitlines() == [
        "first would run again:",
        "  a.txt has changed",
        "  its result b.txt is not there; it is brought back from DVC's cache, or made again",
        "second runs again if one of these comes out different",
    ]


def test_another_command_is_a_reason(house):
    (house / "dvc.yaml").write_text(DVC_YAML.replace("cp b.txt", "cp -f b.txt"))

    assert "its command in dvc.yaml is another one" in explain("second", house)


def test_a_stage_that_never_ran_is_said_to_be_one(house):
    (house / "dvc.lock").unlink()

    assert "second has never run" in explain("second", house)


def test_an_unknown_stage_is_refused(house):
    with pytest.raises(ConfigError, match="expected a stage that DVC knows, found 'third'"):
        explain("third", house)


# --- names ----------------------------------------------------------------------------------------

NAMED = """\
stages:
  start: {cmd: x}
  pack:
    foreach: ${corpora}
    do: {cmd: x}
  pretrain:
    foreach: ${presets}
    do: {cmd: x}
"""


@pytest.fixture
def named(project):
    """Stages of a corpus, of a preset and of neither; tiny's corpus is synthetic."""
    (project / "dvc.yaml").write_text(NAMED)
    return project


@pytest.mark.parametrize(
    ("stage", "corpus", "name"),
    [
        ("pretrain", None, "pretrain@tiny"),
        ("pack", None, "pack@synthetic"),
        ("pack", "own", "pack@own"),
        ("pack@stdlib", "own", "pack@stdlib"),
        ("pretrain@pico", None, "pretrain@pico"),
        ("start", None, "start"),
        ("start@tiny", None, "start"),
    ],
)
def test_a_stage_is_named_by_what_is_known_of_it(named, stage, corpus, name):
    assert name_stage(stage, "tiny", corpus, named) == name


@pytest.mark.parametrize(
    ("stage", "preset", "expected"),
    [
        ("train", "tiny", "no stage 'train' in dvc.yaml; choose from: start, pack, pretrain"),
        ("pretrain", "tinny", "stage pretrain has no 'tinny'; choose from: .*tiny"),
        ("pretrain@nope", "tiny", "stage pretrain has no 'nope'; choose from: .*tiny"),
        ("pack@nope", "tiny", "stage pack has no 'nope'; choose from: .*synthetic"),
    ],
)
def test_a_stage_that_there_is_not_is_answered_with_those_that_are(named, stage, preset, expected):
    with pytest.raises(ConfigError, match=expected):
        name_stage(stage, preset, None, named)
