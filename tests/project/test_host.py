import hashlib

import pytest

from alm.errors import IntegrityError
from alm.project.host import STAMP, describe_interpreter, refresh_stamp


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "lib"
    (root / "json").mkdir(parents=True)
    (root / "os.py").write_text("import sys\n")
    (root / "json" / "decoder.py").write_text("pass\n")
    return root


def test_a_second_refresh_leaves_the_stamp_untouched_and_says_nothing(tmp_path):
    refresh_stamp(tmp_path)
    first = (tmp_path / STAMP).stat().st_mtime_ns

    assert refresh_stamp(tmp_path) is None
    assert (tmp_path / STAMP).stat().st_mtime_ns == first


def test_the_first_stamp_of_a_new_project_is_nothing_to_talk_about(tmp_path):
    assert refresh_stamp(tmp_path) is None


def test_another_python_is_said_aloud_with_both_versions(tmp_path):
    refresh_stamp(tmp_path)
    stamp = tmp_path / STAMP
    current = stamp.read_text()
    stamp.write_text(current.replace("version: 3.", "version: 2."))

    message = refresh_stamp(tmp_path)

    assert "from cpython 2." in message
    assert "to cpython 3." in message
    assert stamp.read_text() == current


def test_a_lock_made_with_another_python_is_said_aloud_in_a_fresh_clone(tmp_path):
    write_lock(tmp_path, "0" * 32)

    assert "dvc.lock was made with another Python" in refresh_stamp(tmp_path)


def test_a_lock_made_with_this_python_is_not_mentioned(tmp_path):
    write_lock(tmp_path, hashlib.md5(describe_interpreter().encode()).hexdigest())

    assert refresh_stamp(tmp_path) is None


def write_lock(root, digest):
    deps = f"    deps:\n    - path: {STAMP}\n      hash: md5\n      md5: {digest}\n      size: 99\n"
    (root / "dvc.lock").write_text(f"stages:\n  ingest@stdlib:\n{deps}")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "os.py").write_text("import sys, re\n"),
        lambda root: (root / "new.py").write_text(""),
        lambda root: (root / "json" / "decoder.py").unlink(),
        lambda root: (root / "os.py").rename(root / "so.py"),
    ],
    ids=["longer", "added", "removed", "renamed"],
)
def test_a_changed_library_changes_the_stamp(library, change):
    before = describe_interpreter(library)
    change(library)

    assert describe_interpreter(library) != before


def test_compiled_files_and_installed_packages_do_not_change_the_stamp(library):
    before = describe_interpreter(library)
    for folder in ("__pycache__", "site-packages", "json/__pycache__"):
        (library / folder).mkdir()
        (library / folder / "x.py").write_text("pass")
    (library / "notes.txt").write_text("x")

    assert describe_interpreter(library) == before


def test_a_link_into_nothing_is_no_part_of_the_library(library):
    before = describe_interpreter(library)
    (library / "sitecustomize.py").symlink_to("/nowhere/sitecustomize.py")

    assert describe_interpreter(library) == before


def test_a_stamp_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / STAMP).mkdir(parents=True)

    with pytest.raises(IntegrityError, match=r"python\.txt.*remove or restore"):
        refresh_stamp(tmp_path)
