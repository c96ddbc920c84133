"""Files and folders are whole or absent, whatever happens while they are written."""

import errno
import os
import shutil
import subprocess
import sys

import pytest

from alm.errors import AlmError, LockedError
from alm.io import calls, disk, new_directory, new_file, restore_replaced, write_bytes, write_text

SLOW_WRITER = """\
import sys, time
from pathlib import Path
from alm.io import new_directory
with new_directory(Path(sys.argv[1])) as root:
    (root / "half").write_text("new")
    print("begun", flush=True)
    time.sleep(60)
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_and_its_folder_made(tmp_path):
    write_bytes(tmp_path / "a" / "b" / "file", b"old")
    write_text(tmp_path / "a" / "b" / "file", "é\r\n")

    assert (tmp_path / "a" / "b" / "file").read_bytes() == "é\r\n".encode()
    assert names_in(tmp_path / "a" / "b") == ["file"]


def test_error_while_writing_leaves_the_old_file(tmp_path):
    write_bytes(tmp_path / "file", b"old")

    with pytest.raises(RuntimeError), new_file(tmp_path / "file") as file:
        file.write(b"half")
        raise RuntimeError

    assert (tmp_path / "file").read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def test_header_can_be_written_last(tmp_path):
    with new_file(tmp_path / "file") as file:
        file.write(bytes(2))
        file.write(b"x" * 500_000)
        file.seek(0)
        file.write(b"ab")

    assert (tmp_path / "file").read_bytes() == b"ab" + b"x" * 500_000


def test_nobody_can_write_past_the_buffer(tmp_path):
    """NumPy would, if it were given the number of an open file."""
    with new_file(tmp_path / "file") as file, pytest.raises(OSError, match="fileno"):
        file.fileno()


def test_leftover_of_an_interrupted_write_does_not_reach_the_file(tmp_path):
    (tmp_path / "file.part").write_bytes(b"a long leftover")

    write_bytes(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
    assert names_in(tmp_path) == ["file"]


def test_folder_appears_when_its_block_ends(tmp_path):
    with new_directory(tmp_path / "a" / "out") as root:
        (root / "inner").mkdir()
        (root / "inner" / "file").write_text("new")
        assert not (tmp_path / "a" / "out").exists()

    assert (tmp_path / "a" / "out" / "inner" / "file").read_text() == "new"
    assert names_in(tmp_path / "a") == ["out"]


@pytest.fixture
def old(tmp_path):
    """A folder that an earlier run wrote."""
    with new_directory(tmp_path / "out") as root:
        (root / "old").write_text("old")
    return tmp_path / "out"


def test_nothing_of_the_old_folder_stays_in_the_new_one(old):
    with new_directory(old) as root:
        (root / "new").write_text("new")

    assert names_in(old) == ["new"]
    assert names_in(old.parent) == ["out"]


def test_error_inside_the_block_leaves_the_old_folder(old):
    with pytest.raises(RuntimeError), new_directory(old) as root:
        (root / "new").write_text("half")
        raise RuntimeError

    assert names_in(old) == ["old"]
    assert names_in(old.parent) == ["out"]


def test_kill_inside_the_block_leaves_the_old_folder_and_the_next_run_clears_up(old):
    command = [sys.executable, "-c", SLOW_WRITER, str(old)]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"begun\n"
        writer.kill()

    assert names_in(old) == ["old"]
    with new_directory(old) as root:
        assert names_in(root) == []
    assert names_in(old.parent) == ["out"]


def test_folder_that_another_run_filled_meanwhile_is_noticed(old):
    """Two runs at once: the later one clears away what the earlier one has, and takes its name."""
    with (
        pytest.raises(LockedError, match=r"out\.part was removed or replaced by another process"),
        new_directory(old) as first,
    ):
        (first / "first").write_text("first")
        with new_directory(old.with_name("out")) as second:
            (second / "second").write_text("second")
        first.mkdir()  # a third one has begun

    assert names_in(old) == ["second"]
    assert names_in(old.parent) == ["out", "out.part"]


def test_folder_that_was_removed_meanwhile_is_noticed(old):
    with pytest.raises(LockedError), new_directory(old) as root:
        shutil.rmtree(root)

    assert names_in(old) == ["old"]


def test_folder_that_another_run_made_anew_is_noticed_although_numbers_are_given_again(old):
    """File systems give a new folder the number of one just removed, unless that is still open."""
    with pytest.raises(LockedError), new_directory(old) as root:
        shutil.rmtree(root)
        root.mkdir()

    assert names_in(old) == ["old"]


def test_old_folder_is_never_seen_half_removed(old, monkeypatch):
    """It goes by one rename; only under another name is it taken apart."""
    removed = []
    monkeypatch.setattr(disk, "remove_tree", removed.append)

    with new_directory(old) as root:
        (root / "new").write_text("new")

    assert removed
    assert old not in removed
    assert names_in(old) == ["new"]


def write_folder(path):
    with new_directory(path) as root:
        (root / "inner").mkdir()
        (root / "inner" / "file").write_text("new")


@pytest.fixture
def no_exchange(monkeypatch):
    """A file system on which two names cannot be exchanged."""

    def refuse(*_):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(calls, "exchange", refuse)


def test_old_folder_is_replaced_in_one_instant(old, monkeypatch):
    """Where that is possible; a reader finds the one or the other at any time."""
    seen, exchange = [], calls.exchange

    def watched(first, second):
        seen.append(names_in(old))
        exchange(first, second)
        seen.append(names_in(old))

    monkeypatch.setattr(calls, "exchange", watched)
    refuse_name(monkeypatch, "out", "out.part")

    write_folder(old)

    assert seen == [["old"], ["inner"]]
    assert names_in(old.parent) == ["out"]


@pytest.mark.usefixtures("no_exchange")
def test_old_folder_is_replaced_in_two_steps_otherwise(old):
    write_folder(old)

    assert names_in(old) == ["inner"]
    assert names_in(old.parent) == ["out"]


def refuse_name(monkeypatch, *names, error=None):
    """Let no folder that has one of the names get another."""
    rename = calls.rename

    def refuse(source, target):
        if source.name in names:
            raise error or OSError(errno.EIO, os.strerror(errno.EIO))
        rename(source, target)

    monkeypatch.setattr(calls, "rename", refuse)


@pytest.mark.usefixtures("no_exchange")
def test_old_folder_gets_its_name_back_where_the_new_one_cannot_have_it(old, monkeypatch):
    refuse_name(monkeypatch, "out.part")

    with pytest.raises(AlmError, match=r"cannot rename .*out\.part to .*out: Input/output error; "):
        write_folder(old)

    assert names_in(old) == ["old"]
    assert names_in(old.parent) == ["out"]


@pytest.mark.usefixtures("no_exchange")
def test_old_folder_waits_under_another_name_where_it_cannot_have_its_own(old, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(AlmError):
        refuse_name(patch, "out.part", "out.old")
        write_folder(old)
    assert names_in(old.parent) == ["out.old", "out.part"]

    with pytest.raises(RuntimeError), new_directory(old):
        raise RuntimeError

    assert names_in(old) == ["old"]


@pytest.mark.usefixtures("no_exchange")
@pytest.mark.parametrize("resume", [restore_replaced, write_folder])
def test_kill_between_the_two_renames_loses_nothing(old, monkeypatch, resume):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        refuse_name(patch, "out.part", "out.old", error=KeyboardInterrupt)
        write_folder(old)

    resume(old)

    assert names_in(old) in (["old"], ["inner"])


def test_replaced_folder_is_not_put_back_where_nobody_was_about_to_replace_it(tmp_path):
    (tmp_path / "out.old").mkdir()

    restore_replaced(tmp_path / "out")

    assert names_in(tmp_path) == ["out.old"]


def test_replaced_folder_that_a_kill_left_behind_is_cleared_up(old):
    shutil.copytree(old, old.with_name("out.old"))

    with new_directory(old):
        pass

    assert names_in(old.parent) == ["out"]


@pytest.mark.parametrize("write", [write_folder, lambda path: write_text(path, "new")])
def test_everything_is_on_the_disk_before_and_after_it_gets_its_name(tmp_path, monkeypatch, write):
    """A power cut must not find empty files under the final name, nor lose the name."""
    synced, in_order = [], []
    sync, rename = calls.sync, calls.rename

    def note_sync(descriptor):
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    def note_rename(source, target):
        inner = {path.stat().st_ino for path in (source, *source.rglob("*"))}
        in_order.append(inner <= set(synced))
        synced.clear()
        rename(source, target)

    monkeypatch.setattr(calls, "sync", note_sync)
    monkeypatch.setattr(calls, "rename", note_rename)

    write(tmp_path / "out")

    assert in_order == [True]
    assert synced == [tmp_path.stat().st_ino]


def test_path_that_is_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("a file of the user's")

    with pytest.raises(AlmError, match="Not a directory"), new_directory(tmp_path / "out"):
        pass

    assert (tmp_path / "out").read_text() == "a file of the user's"
