"""Ignored names: DVC and we see the same files."""

from pathlib import Path, PurePath

import pytest
from dvc.repo import Repo

from alm.io import is_ignored
from alm.io.ignored import IGNORED

REPO = Path(__file__).parents[2]
IGNORED_PATHS = [
    "a/__pycache__/module.cpython-311.pyc",
    "a/__pycache__/leftover",
    "module.pyc",
    "a/alm.egg-info/PKG-INFO",
    ".DS_Store",
    "a/.DS_Store",
    "a/.notes.txt.swp",
    "notes.txt~",
    ".idea/workspace.xml",
    "a/.vscode/settings.json",
    ".git/HEAD",
    "a/.git/HEAD",
    ".hg/store",
    ".dvc/tmp/lock",
]
SEEN_PATHS = [
    "a/module.py",
    "a.pyc.txt",
    "pycache/file",
    "a/__pycache__.txt",
    "egg-info",
    "swp",
    "~notes.txt",
    "a~b",
    ".gitignore",
    ".gitattributes",
    ".ds_store",
    "DS_Store",
    ".ideas/file",
    "file.dvc",
    ".hidden",
    "a/b.PYC",
]


@pytest.fixture(scope="module")
def dvc(tmp_path_factory):
    """DVC's own view of a folder with our .dvcignore."""
    root = tmp_path_factory.mktemp("repo")
    Repo.init(root, no_scm=True)
    for path in [root / name for name in (*IGNORED_PATHS, *SEEN_PATHS)]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / ".dvcignore").write_bytes((REPO / ".dvcignore").read_bytes())
    return Repo(root)


@pytest.mark.parametrize("name", IGNORED_PATHS)
def test_what_nobody_wrote_is_ignored_by_dvc_and_by_us(dvc, name):
    assert dvc.dvcignore.is_ignored_file(str(Path(dvc.root_dir, name)))
    assert is_ignored(PurePath(name))


@pytest.mark.parametrize("name", SEEN_PATHS)
def test_what_only_looks_like_it_is_seen_by_dvc_and_by_us(dvc, name):
    assert not dvc.dvcignore.is_ignored_file(str(Path(dvc.root_dir, name)))
    assert not is_ignored(PurePath(name))


def test_both_lists_have_the_same_names():
    lines = (REPO / ".dvcignore").read_text().splitlines()

    assert [line for line in lines if not line.startswith("#")] == list(IGNORED)
