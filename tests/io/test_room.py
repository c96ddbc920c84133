"""room: a place that cannot be written is refused before any work goes into it."""

import errno
import os
import shutil

import pytest

from alm.errors import AlmError
from alm.io import free_bytes, require_writable


def test_room_is_that_of_the_disk_also_where_the_folder_is_yet_to_be_made(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: asked.append(path) or shutil._ntuple_diskusage(9, 2, 7)
    )

    assert free_bytes(tmp_path / "a" / "b") == 7
    assert asked == [tmp_path]


def test_place_that_can_be_written_is_let_through_and_nothing_is_written(tmp_path):
    require_writable(tmp_path / "a" / "b")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "number"), [(os.ST_RDONLY, errno.EROFS), (0, errno.EACCES)], ids=["disk", "user"]
)
def test_place_that_cannot_be_written_is_refused_with_the_reason(
    tmp_path, monkeypatch, flags, number
):
    asked = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((path, mode)))
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((0,) * 8 + (flags, 255)))

    with pytest.raises(AlmError, match=f"cannot write .*/model: {os.strerror(number)}; "):
        require_writable(tmp_path / "build" / "model")

    assert asked == [(tmp_path, os.W_OK | os.X_OK)]
