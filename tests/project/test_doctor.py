import subprocess

import pytest

from alm.errors import AlmError
from alm.project.doctor import (
    check_disk,
    check_git,
    check_load,
    check_python,
    check_torch,
    examine,
    raise_if_ill,
)
from alm.project.finding import Verdict, note, ok, problem


def test_examining_looks_at_every_subject_once(project, monkeypatch):
    monkeypatch.setenv("ALM_THREADS", "1")
    (project / "constraints.txt").write_text("")

    subjects = [finding.subject for finding in examine(project)]

    assert subjects == [
        "python",
        "packages",
        "torch",
        "device",
        "threads",
        "disk",
        "locks",
        "git",
    ]


def test_a_check_that_fails_is_a_problem_and_the_others_go_on(project, monkeypatch):
    monkeypatch.setenv("ALM_DEVICE", "abacus")
    (project / "constraints.txt").write_text("")

    findings = {finding.subject: finding for finding in examine(project)}

    assert findings["device"].verdict is Verdict.PROBLEM
    assert "abacus" in findings["device"].says
    assert "git" in findings


def test_problems_end_the_verb_with_code_1():
    with pytest.raises(AlmError, match="1 of 2 checks") as caught:
        raise_if_ill([ok("a", ""), problem("b", "", "")])

    assert caught.value.exit_code == 1


def test_notes_do_not_end_the_verb():
    raise_if_ill([ok("a", ""), note("b", "busy")])


def test_a_python_outside_the_virtual_environment_is_noted(tmp_path):
    assert check_python(tmp_path).verdict is Verdict.NOTE


def test_an_old_python_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.version_info", (3, 10, 0))

    assert check_python(tmp_path).verdict is Verdict.PROBLEM


def test_torch_is_loaded_and_tried():
    assert check_torch().verdict is Verdict.OK


def test_a_busy_machine_is_noted_with_the_reason():
    finding = check_load(load=1.5, cores=2)

    assert finding.verdict is Verdict.NOTE
    assert "OpenMP" in finding.says


def test_an_idle_machine_is_well():
    assert check_load(load=0.3, cores=2).verdict is Verdict.OK


def test_a_full_disk_is_a_problem(tmp_path):
    assert check_disk(tmp_path, free=1_000_000).verdict is Verdict.PROBLEM
    assert check_disk(tmp_path, free=10_000_000_000).verdict is Verdict.OK


def test_a_folder_that_is_no_clone_is_a_problem(tmp_path):
    finding = check_git(tmp_path)

    assert finding.verdict is Verdict.PROBLEM
    assert "git init" in finding.cure


@pytest.fixture
def clone(tmp_path):
    (tmp_path / "dvc.lock").write_text("stages: {}\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "start"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_committed_results_are_well(clone):
    assert check_git(clone).verdict is Verdict.OK


def test_results_that_are_not_committed_are_noted(clone):
    (clone / "dvc.lock").write_text("stages: {a: 1}\n")
    (clone / "reports").mkdir()
    (clone / "reports" / "new.json").write_text("{}")

    finding = check_git(clone)

    assert finding.verdict is Verdict.NOTE
    assert "dvc.lock, reports/" in finding.says
