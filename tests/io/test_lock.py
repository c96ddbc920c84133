"""hold_lock: one process at a time, no lock that outlives its holder, patience with one leaving."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from alm.errors import LockedError
from alm.io import announce_stop, hold_lock, lock

HOLDER = """\
import sys
from pathlib import Path
from alm.io import announce_stop, hold_lock
folder = Path(sys.argv[1])
with hold_lock(folder):
    print("held", flush=True)
    if sys.stdin.readline() == "announce\\n":
        announce_stop(folder)
        print("announced", flush=True)
        sys.stdin.readline()
"""


@contextmanager
def holder(folder):
    """Another process that holds the lock until it is told something, or killed."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(
        command,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_second_process_is_refused_at_once_and_told_who_holds_it(tmp_path):
    begun = time.monotonic()

    with holder(tmp_path) as other, pytest.raises(LockedError) as raised, hold_lock(tmp_path):
        pass

    assert str(raised.value) == (
        f"{tmp_path} is in use by process {other.pid}; wait for it to end, or stop it"
    )
    assert raised.value.exit_code == 75
    assert time.monotonic() - begun < 5


def test_lock_ends_with_its_block(tmp_path):
    with hold_lock(tmp_path):
        pass
    with pytest.raises(RuntimeError), hold_lock(tmp_path):
        raise RuntimeError

    with holder(tmp_path):
        pass


def test_killed_holder_leaves_nothing_stale(tmp_path):
    with holder(tmp_path) as other:
        other.kill()
        other.wait()

        with hold_lock(tmp_path):
            assert (tmp_path / ".lock").read_text().split() == [str(os.getpid())]


def test_folder_is_made_if_need_be(tmp_path):
    with hold_lock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


def test_two_folders_are_two_locks(tmp_path):
    with holder(tmp_path / "a"), hold_lock(tmp_path / "b"):
        pass


def test_lock_is_not_taken_twice_by_one_process_either(tmp_path):
    told = pytest.raises(LockedError, match=f"by process {os.getpid()};")

    with hold_lock(tmp_path), told, hold_lock(tmp_path):
        pass


def test_holder_that_is_leaving_is_waited_for(tmp_path):
    with holder(tmp_path) as other:
        other.stdin.write("announce\n")
        other.stdin.flush()
        assert other.stdout.readline() == "announced\n"
        other.stdin.write("leave\n")
        other.stdin.close()

        with hold_lock(tmp_path):
            pass


def test_patience_with_a_holder_that_says_it_leaves_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "POLL_SECONDS", 0.01)
    begun = time.monotonic()

    with hold_lock(tmp_path):
        announce_stop(tmp_path)
        with pytest.raises(LockedError), hold_lock(tmp_path, patience=0.05):
            pass

    assert 0.05 < time.monotonic() - begun < 5


def test_announcement_is_forgotten_by_the_next_holder(tmp_path):
    with hold_lock(tmp_path):
        announce_stop(tmp_path)

    with hold_lock(tmp_path), pytest.raises(LockedError), hold_lock(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"\n"])
def test_lock_file_with_anything_in_it_is_taken_and_told(tmp_path, content):
    (tmp_path / ".lock").write_bytes(content)

    with hold_lock(tmp_path):
        (tmp_path / ".lock").write_bytes(content)
        with pytest.raises(LockedError, match="is in use by process"), hold_lock(tmp_path):
            pass
