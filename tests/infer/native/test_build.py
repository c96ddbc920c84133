import os
import platform
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from alm.errors import ConfigError
from alm.infer.native import build, compile_library

QUICK = ("-O0",)


@pytest.fixture
def compiled(monkeypatch):
    """The directories that were compiled for, as it happens."""
    done, compile_one = [], build._compile

    def note(compiler, flags, directory):
        done.append(directory)
        compile_one(compiler, flags, directory)

    monkeypatch.setattr(build, "_compile", note)
    return done


def test_library_is_compiled_once(tmp_path, compiled):
    first, second = (compile_library(tmp_path, QUICK) for _ in range(2))

    assert first == second
    assert first.is_file()
    assert len(compiled) == 1


def test_other_flags_give_another_library(tmp_path, compiled):
    assert compile_library(tmp_path, QUICK) != compile_library(tmp_path, (*QUICK, "-DALM_PORTABLE"))
    assert len(compiled) == 2


def test_other_sources_give_another_library(monkeypatch):
    before = build._key(build._find_compiler(), QUICK)

    monkeypatch.setattr(build, "SOURCES", build.SOURCES[:-1])

    assert build._key(build._find_compiler(), QUICK) != before


def test_every_source_counts():
    here = Path(build.__file__).parent

    assert sorted(build.SOURCES) == sorted(path.name for path in here.glob("*.[ch]"))


def test_damaged_library_is_compiled_again(tmp_path, compiled):
    path = compile_library(tmp_path, QUICK)
    whole = path.read_bytes()
    path.write_bytes(b"\0" + whole[1:])

    assert compile_library(tmp_path, QUICK).read_bytes() == whole
    assert len(compiled) == 2


def test_two_at_once_compile_once(tmp_path, compiled):
    found = []
    threads = [
        Thread(target=lambda: found.append(compile_library(tmp_path, QUICK))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == len(compiled) == 1
    assert len(found) == 2


@pytest.mark.parametrize("place", ["file", "directory", "above"])
def test_library_that_anybody_may_replace_is_refused(place, tmp_path):
    cache = tmp_path / "state" / "native"
    path = compile_library(cache, QUICK)
    opened = {"file": path, "directory": path.parent, "above": tmp_path / "state"}[place]
    opened.chmod(opened.stat().st_mode | 0o002)

    with pytest.raises(ConfigError, match=f"found {opened} open to all"):
        compile_library(cache, QUICK)


def test_library_of_somebody_else_is_refused(tmp_path, monkeypatch):
    path = compile_library(tmp_path, QUICK)
    if os.geteuid():
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    else:  # root may run what is root's alone
        os.chown(path, 4321, -1)

    with pytest.raises(ConfigError, match="found somebody else's"):
        compile_library(tmp_path, QUICK)


def test_lack_of_a_compiler_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "COMPILERS", ("no-such-compiler",))

    with pytest.raises(ConfigError, match=r"expected a C compiler \(no-such-compiler\)"):
        compile_library(tmp_path)


def test_compiler_that_fails_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "SOURCES", ("no-such.c",))
    monkeypatch.setattr(build, "_sources", dict)

    with pytest.raises(ConfigError, match=r"to compile, found: .*no-such\.c"):
        compile_library(tmp_path, QUICK)
    assert not any(tmp_path.rglob("*.so"))


@pytest.mark.parametrize("flags", [build.NATIVE, build.PORTABLE])
def test_compiler_has_nothing_to_complain_about(flags):
    source = Path(build.__file__).with_name("decode.c")
    command = [build._find_compiler(), *build._FLAGS, *flags, "-Werror", "-fsyntax-only"]

    assert subprocess.run([*command, str(source)], check=False).returncode == 0


@pytest.mark.nightly
@pytest.mark.skipif(platform.system() != "Linux", reason="finds the sanitizers as GCC lays them")
@pytest.mark.parametrize("flags", [build.NATIVE, build.PORTABLE])
def test_sanitizers_find_nothing(flags, tmp_path):
    libraries = [
        subprocess.check_output(["gcc", f"-print-file-name=lib{name}.so"], text=True).strip()
        for name in ("asan", "ubsan")
    ]
    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": os.environ["PATH"],
        "LD_PRELOAD": ":".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(Path(__file__).with_name("sanitized.py")), str(tmp_path), *flags]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split("\n")[-2] == "6 shapes read"
