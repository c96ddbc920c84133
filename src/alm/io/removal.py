"""Folders that go: under another name first, so that none is ever half there under its own."""

from pathlib import Path

from alm.io import disk

TRASH = ".trash-"  # begins the name of a folder that is being removed


def remove_directory(path: Path) -> None:
    """Rename a folder, then remove it; after a kill :func:`clear_trash` does the rest.

    A file or a link is removed in the same way, and what is not there is passed over.
    """
    trash = path.with_name(TRASH + path.name)
    disk.remove_tree(trash)
    disk.rename(path, trash, unless=FileNotFoundError)
    disk.remove_tree(trash)


def clear_trash(root: Path) -> None:
    """Remove what a killed :func:`remove_directory` left in ``root``."""
    for path in sorted(root.glob(f"{TRASH}*")):
        disk.remove_tree(path)


def tree_bytes(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 where nothing is."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file())
