"""Why a stage would run again, on a project of two stages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alm.errors import ConfigError
from alm.project.why import explain

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
    assert "its result c.txt is not there" in explain("second", house)

    (house / "c.txt").write_text("by hand")
    assert "its result c.txt was changed" in explain("second", house)


def test_another_command_is_a_reason(house):
    (house / "dvc.yaml").write_text(DVC_YAML.replace("cp b.txt", "cp -f b.txt"))

    assert "its command in dvc.yaml is another one" in explain("second", house)


def test_a_stage_that_never_ran_is_said_to_be_one(house):
    (house / "dvc.lock").unlink()

    assert "second has never run" in explain("second", house)


def test_an_unknown_stage_is_refused(house):
    with pytest.raises(ConfigError, match="expected a stage that DVC knows, found 'third'"):
        explain("third", house)
