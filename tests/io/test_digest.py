"""Digests: of content and names, wherever they lie."""

import hashlib

import pytest

from alm.io import sha256_bytes, sha256_file, sha256_tree


def make_tree(root):
    (root / "b" / "c").mkdir(parents=True)
    (root / "b" / "c" / "deep").write_bytes(b"1")
    (root / "b" / "file").write_bytes(b"2")
    (root / "a").write_bytes(b"3")
    return root


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "tree")


@pytest.mark.parametrize("data", [b"", b"abc", bytes(1 << 20), bytes(9 << 20) + b"end"], ids=len)
def test_digest_of_bytes_and_of_a_file_is_sha256(tmp_path, data):
    (tmp_path / "file").write_bytes(data)

    expected = hashlib.sha256(data).hexdigest()
    assert sha256_bytes(data) == sha256_file(tmp_path / "file") == expected
    assert sha256_tree(tmp_path / "file") == expected


@pytest.mark.parametrize("place", ["elsewhere", "b", "__pycache__", "x.pyc"])
def test_tree_has_one_digest_wherever_it_lies(tmp_path, tree, place):
    assert sha256_tree(make_tree(tmp_path / place / "tree")) == sha256_tree(tree)


def test_compiled_python_is_passed_over(tree):
    before = sha256_tree(tree)

    (tree / "b" / "__pycache__").mkdir()
    (tree / "b" / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"x")
    (tree / "b" / "__pycache__" / "leftover").write_bytes(b"x")
    (tree / "module.pyc").write_bytes(b"x")

    assert sha256_tree(tree) == before


def test_what_nobody_wrote_is_passed_over(tree):
    before = sha256_tree(tree)

    (tree / "b" / ".DS_Store").write_bytes(b"x")
    (tree / "a~").write_bytes(b"x")

    assert sha256_tree(tree) == before


def test_empty_folder_does_not_count(tree):
    before = sha256_tree(tree)

    (tree / "empty").mkdir()

    assert sha256_tree(tree) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "a").write_bytes(b"4"),
        lambda tree: (tree / "a").rename(tree / "d"),
        lambda tree: (tree / "a").rename(tree / "b" / "a"),
        lambda tree: (tree / "a").unlink(),
        lambda tree: (tree / "new").write_bytes(b""),
    ],
    ids=["content", "name", "folder", "gone", "new"],
)
def test_any_change_changes_the_digest(tree, change):
    before = sha256_tree(tree)

    change(tree)

    assert sha256_tree(tree) != before


def test_contents_of_two_files_cannot_be_exchanged(tree):
    before = sha256_tree(tree)

    (tree / "a").write_bytes(b"2")
    (tree / "b" / "file").write_bytes(b"3")

    assert sha256_tree(tree) != before


def test_nothing_has_no_digest(tmp_path):
    """An absent dependency must not look like an empty one."""
    with pytest.raises(FileNotFoundError, match="absent"):
        sha256_tree(tmp_path / "absent")
