"""A build that is done again elsewhere: equal, or another one and why."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from alm.errors import InputError, IntegrityError
from alm.project.host import STAMP
from alm.project.lockfile import LOCK, LockedStage
from alm.project.verify import Comparison, verify_build

REPO = Path(__file__).parents[2]
WHO = ("-c", "user.name=a", "-c", "user.email=a@b")
GRAPH = """\
stages:
  pack:
    foreach: ${corpora}
    do:
      cmd: python scripts/make.py build/${key}/packed
      deps: [scripts/make.py]
      outs:
        - build/${key}/packed
  pretrain:
    foreach: ${presets}
    do:
      cmd: python scripts/make.py build/${key}/model reports/${key}/loss.csv
      deps:
        - build/${item.corpus}/packed
        - scripts/make.py
      outs:
        - build/${key}/model
        - reports/${key}/loss.csv:
            cache: false
"""
LOCKED = """\
stages:
  pack@synthetic:
    cmd: x
    outs: [{path: build/synthetic/packed, md5: MD5}]
  pretrain@tiny:
    cmd: x
    outs: [{path: build/tiny/model, md5: MD5}, {path: reports/tiny/loss.csv, md5: MD5}]
"""
SOUND = """\
import os, sys
from pathlib import Path
for name in sys.argv[1:]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(" ".join(sorted(os.listdir("configs/models"))))
"""
LEAKS_ORDER = SOUND.replace("sorted(os.listdir(", "list(os.listdir(")


def git(root, *words):
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def commit(root):
    git(root, "add", "--all")
    git(root, *WHO, "commit", "--quiet", "--message", "x")


@pytest.fixture
def house(project, monkeypatch, tmp_path_factory):
    """A small repository of two cheap stages, committed and not built."""
    root = project
    (root / "dvc.yaml").write_text(GRAPH)
    (root / "scripts").mkdir()
    (root / "scripts/make.py").write_text(SOUND)
    (root / "scripts/host_stamp.py").write_text("")
    (root / ".dvc").mkdir()
    shutil.copy(REPO / ".dvc/config", root / ".dvc/config")
    for name in (".gitignore", ".dvcignore"):
        shutil.copy(REPO / name, root / name)
    git(root, "init", "--quiet")
    commit(root)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("elsewhere")))
    return root


@pytest.fixture
def built(house):
    """The same, and what was built in it: the sorted names of the shapes, in each result."""
    names = sorted(path.name for path in (house / "configs/models").iterdir())
    digest = hashlib.md5(" ".join(names).encode(), usedforsecurity=False).hexdigest()
    (house / LOCK).write_text(LOCKED.replace("MD5", digest))
    commit(house)
    return house


def verify(root):
    return verify_build("tiny", lambda _: None, root=root)


# --- whole builds ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_depends_on_what_is_declared_comes_out_the_same(built):
    said = verify(built)

    assert said == "tiny: all 3 results of 2 stages are the same bytes"
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.slow
def test_what_depends_on_more_is_found_with_its_stage_and_the_other_build_is_kept(built):
    (built / "scripts/make.py").write_text(LEAKS_ORDER)
    commit(built)

    with pytest.raises(IntegrityError) as caught:
        verify(built)

    said = str(caught.value)
    assert "found 3 others: build/synthetic/packed, build/tiny/model, reports/tiny/loss.csv" in said
    assert "the first stage with another result is pack@synthetic\n" in said
    (kept,) = Path(tempfile.gettempdir()).iterdir()
    assert f"the other build lies in {kept}/" in said


# --- what must be so before -----------------------------------------------------------------------


def test_a_preset_that_was_never_built_is_refused(house):
    with pytest.raises(InputError, match="expected a build of tiny in dvc.lock, found none"):
        verify(house)


@pytest.mark.parametrize("name", ["scripts/make.py", "configs/models/new.yaml", ".dvcignore"])
def test_sources_that_a_clone_would_not_have_are_refused(house, name):
    (house / LOCK).write_text("stages:\n  pretrain@tiny: {cmd: x}\n")
    (house / name).write_text("changed")

    with pytest.raises(InputError, match=f"found changes in {name}; commit or stash them"):
        verify(house)


# --- the comparison -------------------------------------------------------------------------------


def locked(model="m", packed="p", stamp=None):
    """Return a lock of two stages, whose results have these digests."""
    deps = {STAMP.as_posix(): stamp} if stamp else {}
    return {
        "pack@synthetic": LockedStage("pack@synthetic", "x", deps, {}, {"packed": packed}),
        "pretrain@tiny": LockedStage("pretrain@tiny", "x", {}, {}, {"model": model}),
    }


@pytest.fixture
def compare(house, tmp_path_factory, monkeypatch):
    """Compare two locks of builds, of which the one here is committed, with files as given."""
    monkeypatch.setattr("alm.project.verify.compare_builds", lambda *_: "named")
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: None)
    there = tmp_path_factory.mktemp("there")

    def go(expected, built):
        return Comparison(
            preset="tiny", expected=expected, built=built, here=house, there=there
        ).describe()

    go.here, go.there = house, there
    return go


def test_equal_locks_are_equal_builds_where_nothing_lies_here(compare):
    assert compare(locked(), locked()) == "tiny: all 2 results of 2 stages are the same bytes"


@pytest.mark.parametrize("other", [{"model": "x"}, {"packed": "x"}])
def test_one_other_digest_is_an_error(compare, other):
    with pytest.raises(IntegrityError, match=f"found 1 others: {next(iter(other))}\nnamed\n"):
        compare(locked(), locked(**other))


def test_a_result_that_was_changed_here_is_an_error_although_the_locks_agree(compare):
    for root in (compare.here, compare.there):
        (root / "packed").mkdir()
        (root / "packed" / "shard").write_text("same")
    compare(locked(), locked())
    (compare.here / "packed" / "shard").write_text("other")

    with pytest.raises(IntegrityError, match="found 1 others: packed\n"):
        compare(locked(), locked())


def test_a_model_of_another_kind_of_machine_is_excused(compare, monkeypatch):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: "this is a Mac")

    said = compare(locked(), locked(model="x"))

    assert said == "tiny was built elsewhere, and cannot be compared: this is a Mac"


def test_a_model_that_was_built_here_is_not_excused(compare, monkeypatch):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: "this is a Mac")
    (compare.here / LOCK).write_text("committed")
    commit(compare.here)
    (compare.here / LOCK).write_text("built here")

    with pytest.raises(IntegrityError, match="found 1 others"):
        compare(locked(), locked(model="x"))


def test_text_is_never_excused(compare, monkeypatch):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: "this is a Mac")

    with pytest.raises(IntegrityError, match="found 2 others"):
        compare(locked(), locked(packed="x", model="x"))


def test_text_of_another_python_is(compare):
    said = compare(locked(stamp="3.11"), locked(packed="x", stamp="3.12"))

    assert "dvc.lock was made with another Python" in said
