"""Files and folders are whole or absent, whatever happens while they are written."""

import os
import shutil
import subprocess
import sys

import pytest

from alm.errors import LockedError
from alm.io import new_directory, new_file, write_bytes, write_text

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
    monkeypatch.setattr(shutil, "rmtree", lambda path, **_: removed.append(path))

    with new_directory(old) as root:
        (root / "new").write_text("new")

    assert old not in removed
    assert names_in(old) == ["new"]


def test_replaced_folder_that_a_kill_left_behind_is_cleared_up(old):
    shutil.copytree(old, old.with_name("out.old"))

    with new_directory(old):
        pass

    assert names_in(old.parent) == ["out"]


def write_folder(path):
    with new_directory(path) as root:
        (root / "inner").mkdir()
        (root / "inner" / "file").write_text("new")


@pytest.mark.parametrize("write", [write_folder, lambda path: write_text(path, "new")])
def test_everything_is_on_the_disk_before_and_after_it_gets_its_name(tmp_path, monkeypatch, write):
    """A power cut must not find empty files under the final name, nor lose the name."""
    synced, in_order = [], []
    fsync, replace = os.fsync, os.replace

    def note_sync(descriptor):
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def note_rename(source, target):
        inner = {path.stat().st_ino for path in (source, *source.rglob("*"))}
        in_order.append(inner <= set(synced))
        synced.clear()
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr("pathlib.Path.replace", note_rename)

    write(tmp_path / "out")

    assert in_order == [True]
    assert synced == [tmp_path.stat().st_ino]


def test_path_that_is_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("a file of the user's")

    with pytest.raises(NotADirectoryError), new_directory(tmp_path / "out"):
        pass

    assert (tmp_path / "out").read_text() == "a file of the user's"
