"""The seam: one function a system call, and nothing in alm changes the disk another way."""

import ast
import inspect
import os
from pathlib import Path

import pytest

from alm.io import calls, write_bytes

SRC = Path(__file__).parents[2] / "src" / "alm"
CHANGING = {  # what changes the disk, whosever method it is
    *("chmod", "copy2", "copyfile", "copytree", "fsync", "ftruncate", "hardlink_to", "makedirs"),
    *("mkdir", "mkdtemp", "mkstemp", "move", "open_memmap", "removedirs", "rename", "renames"),
    *("rmdir", "rmtree", "save_file", "symlink_to", "tofile", "touch", "unlink", "utime"),
    *("write_bytes", "write_text"),
    *("os.link", "os.remove", "os.replace", "os.symlink", "os.truncate", "os.write"),
}
SEAM = {"disk", "calls"}  # modules of alm.io: their functions have the same names
ELSEWHERE = {  # place -> what changes the disk there in another way
    "entry.py": "nothing: a closed terminal is where /dev/null was",
    "export/llama_cpp_server.py": "nothing: it writes to a pipe",
    "export/exporting.py": "makes a folder inside a new directory",
    "tokenizer/building.py": "removes a folder inside a new directory",
    "corpus/bands.py": "likewise",
    "corpus/dedup.py": "likewise",
    "corpus/sources/hub.py": "makes a folder for the notes of a retry",
    "work/parts.py": "drops parts, which are made again",
    "project/cluster.py": "removes datatrove's notes",
    "project/elsewhere.py": "a clone in a temporary folder",
    "project/locks.py": "removes DVC's damaged file, and asks for a lock",
    "project/verify.py": "a clone in a temporary folder",
}


def changes(tree):
    """(line, call) of whatever opens a file to write, makes, renames or removes one."""
    nodes = list(ast.walk(tree))
    ours = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("alm.io"):
            ours |= {alias.asname or alias.name for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Call) and is_change(node, ours):
            yield node.lineno, ast.unparse(node)


def is_change(call, ours):
    called = ast.unparse(call.func)
    owner, _, name = called.rpartition(".")
    if owner in SEAM or (not owner and name in ours):
        return False
    if called == "os.open":
        return "O_RDONLY" not in ast.unparse(call)
    if name in {"open", "fdopen"}:
        return opens_to_write(call)
    if name == "replace" and owner:  # of a path, which takes one argument; a string's takes two
        return len(call.args) + len(call.keywords) == 1 or called in CHANGING
    return bool({called, name} & CHANGING)


def opens_to_write(call):
    """Whether a call of open is given a mode that lets it write."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    modes = [each.value for each in given if isinstance(each, ast.Constant)]
    return any(isinstance(mode, str) and is_mode_to_write(mode) for mode in modes)


def is_mode_to_write(text):
    return bool(set(text) & set("wax+")) and set(text) <= set("rwaxbt+")


def test_nothing_but_the_seam_changes_the_disk():
    found = {
        path.relative_to(SRC).as_posix(): list(changes(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(SRC.rglob("*.py"))
    }

    assert len(found.pop("io/calls.py")) == 8
    assert {
        place: lines for place, lines in found.items() if lines and place not in ELSEWHERE
    } == {}


@pytest.mark.parametrize(
    "source",
    [
        'path.open("wb")',
        'open(path, mode="a")',
        'io.open(path, "x")',
        'path.open("r+b")',
        "os.open(path, os.O_RDWR | os.O_CREAT)",
        "os.open(path, flags)",
        "os.fdopen(number, 'w')",
        "path.write_text('x')",
        "path.replace(other)",
        "path.replace(target=other)",
        "os.rename(a, b)",
        "os.replace(a, b)",
        "os.remove(path)",
        "shutil.rmtree(path)",
        "path.mkdir(parents=True)",
        "array.tofile(path)",
        "os.fsync(1)",
    ],
)
def test_every_way_to_change_the_disk_is_seen(source):
    assert len(list(changes(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        'path.open("rb")',
        "path.open()",
        "os.open(path, os.O_RDONLY)",
        "text.replace(a, b)",
        "from alm.io import write_text, rename\nwrite_text(path, a)\nrename(a, b)",
        "disk.rename(a, b)",
        "Weights.open(path, spec)",
        "cache.truncate(5)",
        "clusters.link(a, b)",
    ],
)
def test_what_changes_nothing_is_let_through(source):
    assert list(changes(ast.parse(source))) == []


def test_every_function_of_the_seam_is_called(tmp_path, monkeypatch):
    """A test may rely on it: what it puts there is what runs."""
    called = []
    for name, call in inspect.getmembers(calls, inspect.isfunction):

        def note(*arguments, name=name, call=call):
            called.append(name)
            return call(*arguments)

        monkeypatch.setattr(calls, name, note)

    write_bytes(tmp_path / "a" / "file", b"bytes")

    assert called == [
        *("make_directory", "open_file", "sync", "close"),
        *("open_file", "write", "sync", "close", "rename"),
        *("open_file", "sync", "close"),
    ]


def test_what_is_written_may_be_read_by_whomever_the_umask_lets(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"bytes")
    finally:
        os.umask(before)

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
