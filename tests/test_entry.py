"""run: one line for the user's mistakes, a traceback for ours, and an exit code for both."""

import signal
import subprocess
import sys
from argparse import Namespace

import pytest

from alm.entry import run
from alm.errors import ConfigError, Interrupted, LockedError, ShardError


def end(error):
    """Run a script that raises ``error``; return its exit code."""

    def main():
        raise error

    with pytest.raises(SystemExit) as ended:
        run(main, Namespace())
    return ended.value.code


def run_script(body, **options):
    """Run a script whose main has this body, in a process of its own."""
    code = f"from argparse import Namespace\nfrom alm.entry import run\ndef main():\n    {body}\n"
    command = [sys.executable, "-c", code + "run(main, Namespace())"]
    return subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, check=False, **options)


def test_arguments_reach_main_by_name():
    seen = {}

    with pytest.raises(SystemExit) as ended:
        run(lambda **given: seen.update(given), Namespace(preset="tiny", out=3))

    assert (ended.value.code, seen) == (0, {"preset": "tiny", "out": 3})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("no preset"), 2),
        (ShardError("too short"), 4),
        (LockedError("in use"), 75),
        (Interrupted(signal.SIGTERM, "saved"), 143),
    ],
    ids=lambda each: type(each).__name__,
)
def test_error_of_ours_ends_in_its_line_and_code(error, code, capsys):
    assert end(error) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_ctrl_c_is_130_without_a_traceback(capsys):
    assert end(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == (
        "interrupted; run the same command to start this stage again\n"
    )


def test_missing_file_is_named_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        run((tmp_path / "absent").read_bytes, Namespace())

    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"error: No such file or directory: {tmp_path}/absent; free or restore it and run again\n"
    )


def test_full_disk_names_no_file_when_the_system_names_none(capsys):
    assert end(OSError(28, "No space left on device")) == 1
    assert capsys.readouterr().err == (
        "error: No space left on device; free or restore it and run again\n"
    )


@pytest.mark.parametrize("error", [KeyError("step"), OSError("no number"), AssertionError()])
def test_mistake_of_ours_keeps_its_traceback(error):
    def main():
        raise error

    with pytest.raises(type(error)):
        run(main, Namespace())


@pytest.mark.parametrize("body", ["print('x')", "[print('x' * 9999) for _ in range(99)]"])
def test_reader_that_left_early_is_met_in_silence(body):
    script = f"import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1); {body}"

    done = run_script(script, stderr=subprocess.PIPE)

    assert (done.returncode, done.stderr) == (1, b"")
