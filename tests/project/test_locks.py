import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alm.io import hold_lock
from alm.project.finding import Verdict
from alm.project.locks import _ask_ps, check_locks, is_dvc, release_stale

STATES = Path(".state")
DEAD, ALIVE = 999_999_999, os.getpid()


@pytest.fixture
def rwlock(tmp_path):
    path = tmp_path / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    return path


def entries(pid, path="build/a"):
    return {path: {"pid": pid, "cmd": "dvc repro"}}


def test_a_project_without_locks_is_well(tmp_path):
    assert check_locks(STATES, tmp_path).verdict is Verdict.OK


def test_an_empty_lock_file_is_what_dvc_leaves_behind(tmp_path, rwlock):
    rwlock.write_text("{}")

    assert check_locks(STATES, tmp_path).verdict is Verdict.OK


@pytest.mark.parametrize(
    "text", ["", '{"write": {"build', '{"write": [1]}', '{"write": {"a": {}}}']
)
def test_a_lock_file_that_was_cut_off_is_removed(tmp_path, rwlock, text):
    rwlock.write_text(text)

    finding = check_locks(STATES, tmp_path)

    assert finding.verdict is Verdict.REPAIRED
    assert not rwlock.exists()


def test_entries_of_dead_processes_are_released_and_named(tmp_path, rwlock):
    readers = {"build/b": [{"pid": DEAD, "cmd": "dvc"}, {"pid": ALIVE, "cmd": "dvc"}]}
    readers["build/c"] = [{"pid": DEAD, "cmd": "dvc"}]
    rwlock.write_text(json.dumps({"write": entries(DEAD), "read": readers}))

    finding = check_locks(STATES, tmp_path, lambda pid: pid == ALIVE)

    assert finding.verdict is Verdict.REPAIRED
    assert "3 paths, such as build/a; released" in finding.says
    assert json.loads(rwlock.read_text()) == {
        "write": {},
        "read": {"build/b": [{"pid": ALIVE, "cmd": "dvc"}]},
    }


def test_a_number_that_another_program_has_got_since_is_stale(tmp_path, rwlock):
    with subprocess.Popen(["sleep", "60"]) as other:
        rwlock.write_text(json.dumps({"write": entries(other.pid)}))
        finding = check_locks(STATES, tmp_path)
        other.kill()

    assert finding.verdict is Verdict.REPAIRED


@pytest.mark.parametrize(
    "command",
    [
        "dvc repro",
        "/opt/dvc/dvc repro train",
        "python .venv/bin/dvc repro",
        "/usr/bin/python3.11 /srv/a/.venv/bin/dvc repro",
        "python3 -X utf8 -m dvc repro",
        "/opt/Python.app/Contents/MacOS/Python /opt/bin/dvc repro",
    ],
)
def test_dvc_is_known_by_its_program(command):
    assert is_dvc(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "vim dvc.yaml",
        "code /srv/a/dvc",
        "less .dvc/tmp/rwlock",
        "grep -r dvc .",
        "python scripts/pretrain.py --preset dvc.yaml",
        "",
    ],
)
def test_whoever_only_looks_at_its_files_is_not_dvc(command):
    assert not is_dvc(command.split())


def test_an_editor_that_got_the_number_of_a_dead_dvc_is_not_it(tmp_path, rwlock):
    command = ["sh", "-c", "read line", "dvc.yaml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as editor:
        rwlock.write_text(json.dumps({"write": entries(editor.pid)}))
        finding = check_locks(STATES, tmp_path)

    assert finding.verdict is Verdict.REPAIRED


def test_on_a_system_with_proc_no_other_program_is_asked(tmp_path, rwlock, monkeypatch):
    """Small Linux images have no ps."""
    monkeypatch.setenv("PATH", "")
    rwlock.write_text(json.dumps({"write": entries(DEAD)}))

    assert check_locks(STATES, tmp_path).verdict is Verdict.REPAIRED


def test_where_there_is_no_proc_ps_tells_the_program_and_its_arguments():
    program, *arguments = [sys.executable, "-c", "import sys; sys.stdin.read()", "dvc", "repro"]
    with subprocess.Popen([program, *arguments], stdin=subprocess.PIPE) as process:
        told = [_ask_ps(process.pid, field).decode() for field in ("comm=", "args=")]

    assert Path(told[0]).name.startswith("python")
    assert told[1].endswith("dvc repro")


def test_a_killed_dvc_that_nobody_asked_after_is_dead_all_the_same(tmp_path, rwlock):
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "dvc"])
    rwlock.write_text(json.dumps({"write": entries(killed.pid)}))
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie

    said = release_stale(tmp_path)

    killed.wait()
    assert "a killed DVC still held 1 paths" in said
    assert release_stale(tmp_path) == ""


def test_a_running_dvc_is_left_alone(tmp_path, rwlock):
    code = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, "dvc", "repro"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dvc:
        dvc.stdout.readline()
        text = json.dumps({"write": entries(dvc.pid)})
        rwlock.write_text(text)
        finding = check_locks(STATES, tmp_path)

    assert finding.verdict is Verdict.NOTE
    assert str(dvc.pid) in finding.says
    assert rwlock.read_text() == text


def test_a_training_state_in_use_is_named_with_its_holder(tmp_path):
    with hold_lock(tmp_path / STATES / "tiny" / "0123456789ab"):
        finding = check_locks(STATES, tmp_path)

    assert finding.verdict is Verdict.NOTE
    assert f"0123456789ab by process {os.getpid()}" in finding.says


def test_the_lock_file_of_a_dead_trainer_holds_nothing(tmp_path):
    with hold_lock(tmp_path / STATES / "tiny" / "0123456789ab"):
        pass

    assert check_locks(STATES, tmp_path).verdict is Verdict.OK


def test_dvc_itself_works_again_after_the_repair(tmp_path, rwlock):
    """The reason for all this: DVC refuses to run on a lock file that was cut off."""
    git = ["git", "init", "--quiet", str(tmp_path)]
    subprocess.run(git, check=True, capture_output=True)
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (tmp_path / "dvc.yaml").write_text("stages:\n  a:\n    cmd: echo a > a\n    outs: [a]\n")
    rwlock.write_text("")
    repro = [Path(sys.executable).with_name("dvc"), "repro"]

    before = subprocess.run(repro, cwd=tmp_path, check=False, capture_output=True)
    check_locks(STATES, tmp_path)
    after = subprocess.run(repro, cwd=tmp_path, check=False, capture_output=True)

    assert (before.returncode != 0, after.returncode) == (True, 0), after.stderr
