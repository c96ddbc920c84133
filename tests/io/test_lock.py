"""hold_lock: one process at a time, no lock that outlives its holder, patience with one leaving."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from alm.errors import AlmError, LockedError
from alm.io import announce_stop, calls, disk, hold_lock, lock, remove_directory

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
    with holder(tmp_path) as other:
        begun = time.monotonic()
        with pytest.raises(LockedError) as raised, hold_lock(tmp_path):
            pass
        waited = time.monotonic() - begun

    assert str(raised.value) == (
        f"{tmp_path} is in use by process {other.pid}; wait for it to end, or stop it"
    )
    assert raised.value.exit_code == 75
    assert waited < 5


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


def test_brief_holder_is_waited_for_from_the_moment_that_it_has_the_lock(tmp_path, monkeypatch):
    notes = []
    monkeypatch.setattr(disk, "write_all", lambda _, memory, path: notes.append(bytes(memory)))

    with hold_lock(tmp_path, is_brief=True):
        pass

    assert notes == [f"{os.getpid()} {lock.STOPPING}".encode()]


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
def test_lock_file_with_anything_in_it_is_taken_and_told(tmp_path, monkeypatch, content):
    monkeypatch.setattr(lock, "GRACE_SECONDS", 0.0)
    (tmp_path / ".lock").write_bytes(content)

    with hold_lock(tmp_path):
        (tmp_path / ".lock").write_bytes(content)
        with pytest.raises(LockedError, match="is in use by process"), hold_lock(tmp_path):
            pass


def test_number_of_a_killed_holder_is_not_told(tmp_path, monkeypatch):
    """Who has the lock since writes its own number a moment later; it is waited for."""
    with holder(tmp_path) as other:
        pass
    monkeypatch.setattr(lock.time, "sleep", lambda _: (tmp_path / ".lock").write_text("1"))

    told = pytest.raises(LockedError, match="by process 1;")

    with hold_lock(tmp_path):
        (tmp_path / ".lock").write_text(str(other.pid))
        with told, hold_lock(tmp_path):
            pass


def test_holder_that_ended_is_not_told(tmp_path):
    with hold_lock(tmp_path):
        pass

    assert (tmp_path / ".lock").read_bytes() == b""


def test_lock_of_a_folder_that_was_removed_meanwhile_counts_for_nothing(tmp_path, monkeypatch):
    """Who waited with the old file open must not hold what nobody else will ever ask for."""
    opened = calls.open_file

    def remove_once(path, flags):
        descriptor = opened(path, flags)
        if path.name == ".lock" and monkeypatch.undo() is None:
            remove_directory(path.parent)
        return descriptor

    monkeypatch.setattr(calls, "open_file", remove_once)

    with hold_lock(tmp_path / "a"), pytest.raises(LockedError), hold_lock(tmp_path / "a"):
        pass


def test_place_that_cannot_be_written_is_told_before_any_work(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(calls, "write", fail)

    told = pytest.raises(AlmError, match=r"\.lock: No space left on device; free some space")
    with told, hold_lock(tmp_path):
        raise AssertionError
    monkeypatch.undo()

    with hold_lock(tmp_path):
        monkeypatch.setattr(calls, "write", fail)
        announce_stop(tmp_path)  # a courtesy: nothing stops for it
