"""remove_directory: a folder is whole or gone, and what a kill left is found again."""

import shutil

import pytest

from alm.io import calls, clear_trash, remove_directory, tree_bytes


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "run"
    (path / "inner").mkdir(parents=True)
    (path / "a").write_bytes(bytes(100))
    (path / "inner" / "b").write_bytes(bytes(11))
    return path


def test_a_folder_is_gone(tmp_path, folder):
    remove_directory(folder)

    assert list(tmp_path.iterdir()) == []


def test_after_a_kill_nothing_is_half_there_under_its_name(tmp_path, folder, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(calls, "unlink", _kill)
        remove_directory(folder)

    assert [path.name for path in tmp_path.iterdir()] == [".trash-run"]
    clear_trash(tmp_path)
    assert list(tmp_path.iterdir()) == []


def _kill(path):
    if path.exists():
        raise KeyboardInterrupt


def test_what_is_gone_already_is_passed_over(tmp_path):
    remove_directory(tmp_path / "absent")

    assert list(tmp_path.iterdir()) == []


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path, folder):
    (tmp_path / "link").symlink_to(folder)

    remove_directory(tmp_path / "link")

    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (folder / "inner" / "b").exists()


def test_what_a_kill_left_does_not_hinder_the_next_removal(tmp_path, folder):
    shutil.copytree(folder, tmp_path / ".trash-run")

    remove_directory(folder)

    assert list(tmp_path.iterdir()) == []


def test_only_what_is_being_removed_is_cleared(tmp_path, folder):
    clear_trash(tmp_path)

    assert folder.is_dir()


def test_bytes_are_those_of_all_files(tmp_path, folder):
    (folder / "link").symlink_to(tmp_path / "nowhere")

    assert tree_bytes(folder) == 111
    assert tree_bytes(folder / "a") == 100
    assert tree_bytes(tmp_path / "absent") == 0
