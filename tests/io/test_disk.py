"""disk: all of it or a clear error, whatever a system call does."""

import errno
import os

import pytest

from alm.errors import AlmError, IntegrityError
from alm.io import calls, discard, disk, explain_read, make_directories, remove_tree, write_bytes


def failing(number, times=10**9):
    """Return a call that fails, the first few times it is made."""

    def fail(*_):
        nonlocal times
        times -= 1
        if times >= 0:
            raise OSError(number, os.strerror(number))

    return fail


def test_write_that_takes_a_part_goes_on(tmp_path, monkeypatch):
    write = calls.write
    monkeypatch.setattr(calls, "write", lambda file, data: write(file, data[:7]))

    write_bytes(tmp_path / "file", bytes(range(256)))

    assert (tmp_path / "file").read_bytes() == bytes(range(256))


def test_write_that_takes_nothing_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "write", lambda file, data: 0)

    with pytest.raises(AlmError, match=r"cannot write .*file\.part: Input/output error"):
        write_bytes(tmp_path / "file", b"bytes")


@pytest.mark.parametrize("times", [1, 7, disk.ATTEMPTS - 1])
def test_call_that_a_signal_cuts_short_is_made_again(tmp_path, monkeypatch, times):
    rename, cut = calls.rename, failing(errno.EINTR, times)
    monkeypatch.setattr(calls, "rename", lambda *paths: (cut(), rename(*paths)))

    write_bytes(tmp_path / "file", b"bytes")

    assert (tmp_path / "file").read_bytes() == b"bytes"


def test_call_that_is_always_cut_short_does_not_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "sync", failing(errno.EINTR))

    with pytest.raises(AlmError, match="file.part: Interrupted system call; see to the disk"):
        write_bytes(tmp_path / "file", b"bytes")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_closing_that_fails_is_told_and_the_old_file_stays(tmp_path, monkeypatch, number):
    """A file system over the network may find out as late as this."""
    write_bytes(tmp_path / "file", b"old")
    monkeypatch.setattr(calls, "close", failing(number))

    with pytest.raises(AlmError, match=rf"cannot close .*file\.part: {os.strerror(number)}"):
        write_bytes(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"old"


def test_closing_is_never_done_twice(tmp_path, monkeypatch):
    """The number may be that of another open file by then."""
    closed, close = [], calls.close
    monkeypatch.setattr(
        calls, "close", lambda file: (close(file), closed.append(file), failing(errno.EINTR)())
    )

    write_bytes(tmp_path / "file", b"bytes")

    assert len(closed) == 2  # the file, and the folder that has its name


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "free some space (`make prune`)"),
        (errno.EDQUOT, "free some space (`make prune`)"),
        (errno.EROFS, "mount it for writing, or name another place"),
        (errno.EACCES, "make it writable for this user"),
        (errno.EMFILE, "raise the limit of open files (`ulimit -n`)"),
        (errno.EFBIG, "raise the limit of a file's size (`ulimit -f`)"),
        (errno.EIO, "see to the disk"),
    ],
)
def test_error_tells_path_cause_and_cure(tmp_path, monkeypatch, number, cure):
    monkeypatch.setattr(calls, "open_file", failing(number))

    with pytest.raises(AlmError) as raised:
        write_bytes(tmp_path / "file", b"bytes")

    assert str(raised.value) == (
        f"cannot open {tmp_path}/file.part: {os.strerror(number)}; {cure}, and run the same "
        "command again"
    )


def test_error_says_where_only_durability_is_in_doubt(tmp_path, monkeypatch):
    write_bytes(tmp_path / "file", b"old")
    sync, synced = calls.sync, []

    def fail_second(file):
        synced.append(file)
        sync(file) if len(synced) == 1 else failing(errno.EIO)()

    monkeypatch.setattr(calls, "sync", fail_second)

    with pytest.raises(AlmError) as raised:
        write_bytes(tmp_path / "file", b"new")

    assert str(raised.value) == (
        f"{tmp_path}/file is written, but may not survive a power cut: cannot make durable what "
        f"was written to {tmp_path}: Input/output error; see to the disk, and run the same command "
        "again"
    )

    assert (tmp_path / "file").read_bytes() == b"new"


def test_names_of_new_folders_are_durable(tmp_path, monkeypatch):
    synced, sync = [], calls.sync
    monkeypatch.setattr(
        calls, "sync", lambda file: (synced.append(os.fstat(file).st_ino), sync(file))
    )

    make_directories(tmp_path / "a" / "b")

    assert synced == [tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino]
    assert (tmp_path / "a" / "b").is_dir()


def test_anything_can_be_removed_and_nothing_is_well_too(tmp_path):
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "a" / "folder").symlink_to(tmp_path)
    (tmp_path / "a" / "nowhere").symlink_to("nowhere")

    for _ in range(2):
        remove_tree(tmp_path / "a")

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_cannot_be_discarded_stays(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(calls, "unlink", failing(errno.EIO))

    discard(tmp_path / "file")

    assert (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, IntegrityError) for number in (errno.ENOENT, errno.EISDIR, errno.EIO)),
        *((number, AlmError) for number in (errno.EMFILE, errno.EACCES, errno.ENOMEM)),
    ],
)
def test_file_is_to_blame_only_where_it_must_be(tmp_path, number, kind):
    error = explain_read(tmp_path / "file", OSError(number, os.strerror(number)))

    assert type(error) is kind
    assert str(error).startswith(f"cannot read {tmp_path}/file: {os.strerror(number)}; ")
