"""What a program finds elsewhere: nothing of this environment but the programs."""

import json
import os
import subprocess
import sys

import pytest

from alm.config import available_cores
from alm.errors import AlmError, InputError
from alm.project.elsewhere import Elsewhere

LOOK = """\
import json, locale, os, sys, time
import alm
seen = {
    "alm": alm.__file__.encode("utf-8", "surrogateescape").decode(),
    "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
    "encoding": locale.getpreferredencoding(),
    "environment": sorted(os.environ),
    "home": os.path.expanduser("~"),
    "files": os.listdir("files"),
    "hash": hash("text"),
    "settings": {name: os.environ[name] for name in os.environ if name.startswith("ALM_")},
    "umask": oct(os.umask(0)),
    "zone": time.tzname[0],
}
with open("seen.json", "w") as file:
    json.dump(seen, file)
"""
WHO = ("-c", "user.name=a", "-c", "user.email=a@b")
OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}
FILES = [f"{n:02d}" for n in range(12)]


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    for folder in ("files", "src/alm"):
        (root / folder).mkdir(parents=True)
    for name in FILES:
        (root / "files" / name).touch()
    (root / "src/alm/__init__.py").touch()
    (root / "look.py").write_text(LOOK)
    for command in (["init", "--quiet"], ["add", "."], [*WHO, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "untracked").touch()
    return root


@pytest.fixture
def look(repository, tmp_path, monkeypatch):
    """Look around elsewhere; tell where, and what was seen."""
    for name in ("ALM_YES", "DVC_ROOT", "OMP_NUM_THREADS", "PYTHONSTARTUP", "WHATEVER"):
        monkeypatch.setenv(name, "1")

    def go(portable=True, emulator=()):
        folder = tmp_path / "elsewhere"
        there = Elsewhere.clone(repository, folder, portable=portable, emulator=emulator)
        there.run("python", "look.py")
        return there, json.loads((there.root / "seen.json").read_text())

    return go


def test_only_what_is_committed_is_there(look):
    there, _ = look()

    assert not (there.root / "untracked").exists()


def test_the_code_is_that_of_the_clone(look):
    there, seen = look()

    assert seen["alm"] == str(there.root / "src/alm/__init__.py")


def test_everything_that_must_not_matter_is_another(look):
    there, seen = look()

    assert "é漢" in str(there.root) and " " in str(there.root)
    assert seen["cores"] == 1
    assert seen["encoding"] != "utf-8"
    assert seen["home"] == str(there.root.with_name("home"))
    assert sorted(seen["files"]) == FILES and seen["files"] not in (FILES, FILES[::-1])
    assert seen["umask"] == "0o77"
    assert seen["zone"] == "+1245"


def test_here_the_cores_are_as_before(look):
    before = available_cores()

    look()

    assert available_cores() == before


def test_of_this_environment_there_are_the_programs_only(look):
    _, seen = look()

    set_for_it = {"ALM_WORKERS", "DVC_SITE_CACHE_DIR", "HOME", "LANG", "LC_ALL", "SHELL", "TZ"}
    left = set(seen["environment"]) - set_for_it - {"PATH", *OF_THE_SHELL}
    assert {name for name in left if not name.startswith("PYTHON")} == set()
    assert "PYTHONSTARTUP" not in left
    assert seen["settings"] == {"ALM_WORKERS": "3"}


def test_a_native_result_keeps_its_device_threads_and_cores(look, monkeypatch):
    monkeypatch.delenv("ALM_YES")
    monkeypatch.setenv("ALM_THREADS", "2")

    _, seen = look(portable=False)

    assert seen["settings"] == {"ALM_DEVICE": "auto", "ALM_THREADS": "2", "ALM_WORKERS": "3"}
    assert seen["cores"] == (available_cores() if hasattr(os, "sched_getaffinity") else 1)


def test_an_emulator_starts_python_and_python_starts_no_other(look, tmp_path):
    emulator = tmp_path / "emulator"
    emulator.write_text('#!/bin/sh\necho "$@" >> "$HOME/called"\nexec "$@"\n')
    emulator.chmod(0o755)

    there, seen = look(emulator=(str(emulator),))

    called = (there.root.with_name("home") / "called").read_text()
    assert called == f"{sys.executable} look.py\n"
    assert seen["settings"] == {"ALM_WORKERS": "1"}


def test_text_of_ones_own_is_brought(repository, tmp_path):
    there = Elsewhere.clone(repository, tmp_path / "x", portable=True, emulator=())
    (repository / "data/own").mkdir(parents=True)
    (repository / "data/own/a.txt").write_text("mine")

    there.bring(repository / "data", there.root.relative_to(there.root) / "data")

    assert (there.root / "data/own/a.txt").read_text() == "mine"


def test_a_command_that_fails_is_named_with_its_place(repository, tmp_path):
    there = Elsewhere.clone(repository, tmp_path / "x", portable=True, emulator=())

    with pytest.raises(AlmError, match="python -c failed in a clone of what is committed, .*/x/"):
        there.run("python", "-c", "raise SystemExit(3)")


def test_a_folder_that_is_no_repository_is_refused(tmp_path):
    with pytest.raises(InputError, match="git failed"):
        Elsewhere.clone(tmp_path, tmp_path / "x", portable=True, emulator=())
