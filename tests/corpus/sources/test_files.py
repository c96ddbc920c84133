"""Files: which ones are read, in which order, under which name."""

import gzip
import os
import sys

import pytest

from alm.corpus.sources.files import match_files, portable_name, tree_digest
from alm.errors import ConfigError, InputError


@pytest.fixture
def tree(tmp_path):
    for name in ("b.txt", "a/z.txt", "a.txt", "a-b.txt", "Ä.txt", "c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def names(files):
    return [file.name for file in files]


def test_files_are_sorted_by_the_name_below_the_input(tree):
    files = match_files("own", tree, "**/*.txt")

    assert names(files) == ["a-b.txt", "a.txt", "a/z.txt", "b.txt", "Ä.txt"]


def test_input_may_be_one_file(tree):
    assert names(match_files("own", tree / "b.txt", "**/*.txt")) == ["b.txt"]
    with pytest.raises(InputError, match=r"expected '\*\*/\*\.txt' in .*c\.md, found 1 \.md"):
        match_files("own", tree / "c.md", "**/*.txt")


@pytest.mark.parametrize("glob", ["/etc/*", "../*.txt", "a/../../*", ""])
def test_glob_stays_below_the_input(tree, glob):
    with pytest.raises(ConfigError, match="source 'own'"):
        match_files("own", tree, glob)


def test_folder_that_matches_is_no_file(tree):
    (tree / "d.txt").mkdir()

    assert "d.txt" not in names(match_files("own", tree, "*.txt"))


def test_digest_follows_names_and_contents(tree):
    before = tree_digest(match_files("own", tree, "**/*.txt"))
    (tree / "c.md").write_text("not matched")
    assert tree_digest(match_files("own", tree, "**/*.txt")) == before

    (tree / "b.txt").rename(tree / "bb.txt")
    assert tree_digest(match_files("own", tree, "**/*.txt")) != before


@pytest.mark.parametrize("name", ["plain.txt", "é.txt", "\u2028.txt"])
def test_sound_name_is_kept(name):
    assert portable_name(name) == name


def test_name_that_is_no_utf8_can_still_be_written_down(take, folder):
    name = b"caf\xe9.txt"
    if sys.platform == "darwin":
        name = "café.txt".encode()  # its file system holds nothing else
    (folder / os.fsdecode(name)).write_text("text")

    (document,) = take("text").documents

    assert document.id in {r"caf\xe9.txt", "café.txt"}


def test_unreadable_file_is_no_damage(take, folder, monkeypatch):
    (folder / "a.txt").write_text("one")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("alm.corpus.sources.files.open_bytes", refuse)

    with pytest.raises(PermissionError):
        take("text", on_bad_file="skip")


def test_both_suffixes_can_be_matched(take, folder):
    (folder / "a.txt").write_text("one")
    (folder / "b.txt.gz").write_bytes(gzip.compress(b"two") + gzip.compress(b" three"))

    assert take("text").texts == ["one", "two three"]


def test_sources_may_share_an_input(take, folder, write_rows):
    (folder / "a.txt").write_text("one")
    write_rows({"text": "two"})

    assert take("text").texts == ["one"]
    assert take("jsonl").texts == ["two"]
