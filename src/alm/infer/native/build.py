"""Compile the C sources beside this module with the user's compiler, once for each processor.

A library is kept in a directory of its own below the machine's state, named by what decides its
bytes: the sources, the flags, and all that the compiler defines for this processor, its own version
among it. A manifest with the library's digest lies beside it, and nothing is loaded that differs
from it or that others may write to.
"""

import os
import platform
import shutil
import stat
import subprocess
from pathlib import Path

from alm.errors import ConfigError, IntegrityError
from alm.io import Manifest, canonical_json, hold_lock, new_directory, sha256_bytes

KIND = "native.decoder"
LIBRARY = "decode.so"
SOURCES = (
    "decode.c",
    "kernel.h",
    "pool.h",
    "arithmetic.h",
    "network.h",
    "attention.h",
    "mixture.h",
)
COMPILERS = ("cc", "gcc", "clang")
PATIENCE = 300  # seconds for the compiler
SHOWN = 400  # characters of its complaints

_FLAGS = (
    *("-O3", "-std=c11", "-fPIC", "-shared", "-pthread"),
    *("-Wall", "-Wextra", "-Werror=implicit", "-Wno-psabi"),
    "-ffp-contract=off",  # a fused product and sum rounds once, where other processors round twice
    *("-fno-math-errno", "-fno-trapping-math"),  # change no value, and let loops become vectors
)
_IS_X86 = platform.machine() in {"x86_64", "AMD64", "i686"}
NATIVE = ("-march=native" if _IS_X86 else "-mcpu=native",)
"""Flags for all that this processor can do."""
PORTABLE = ("-DALM_PORTABLE", *NATIVE)
"""Flags that leave out what is written for particular processors: the same bits, slower."""


def compile_library(cache: Path, flags: tuple[str, ...] = NATIVE) -> Path:
    """Return a library for this machine, compiling it where ``cache`` has none.

    Args:
        cache: directory for libraries; made where it is absent.
        flags: ``NATIVE``, ``PORTABLE``, or others for the compiler.

    Raises:
        ConfigError: there is no compiler, it fails, or somebody else may write where the library
            lies.
        LockedError: another process is compiling and does not end.
    """
    compiler = _find_compiler()
    directory = cache / _key(compiler, flags)
    if not _is_sound(directory):
        with hold_lock(cache, is_brief=True):  # whoever comes meanwhile waits until this is done
            if not _is_sound(directory):
                _compile(compiler, flags, directory)
    _require_own(directory)
    return directory / LIBRARY


def _find_compiler() -> str:
    found = next(filter(None, map(shutil.which, COMPILERS)), None)
    if found is None:
        raise ConfigError(
            f"expected a C compiler ({', '.join(COMPILERS)}), found none on the PATH; install one"
        )
    return found


def _key(compiler: str, flags: tuple[str, ...]) -> str:
    """Name a library by what decides its bytes."""
    target = _run([compiler, *_FLAGS, *flags, "-dM", "-E", "-x", "c", os.devnull])
    parts = {"flags": [*_FLAGS, *flags], "sources": _sources(), "target": target}
    return sha256_bytes(canonical_json(parts).encode("utf-8"))[:16]


def _sources() -> dict[str, str]:
    here = Path(__file__).parent
    return {name: sha256_bytes((here / name).read_bytes()) for name in SOURCES}


def _is_sound(directory: Path) -> bool:
    """Whether a whole library lies there; a damaged one is compiled again."""
    try:
        Manifest.read(directory, KIND).verify(directory)
    except IntegrityError:
        return False
    return True


def _compile(compiler: str, flags: tuple[str, ...], directory: Path) -> None:
    source = Path(__file__).with_name(SOURCES[0])
    with new_directory(directory) as part:
        _run([compiler, *_FLAGS, *flags, "-o", str(part / LIBRARY), str(source), "-lm"])
        Manifest.write(
            part, KIND, params={"flags": [*_FLAGS, *flags]}, inputs={}, facts={}, code=_sources()
        )


def _run(command: list[str]) -> str:
    """Return what a compiler prints.

    Raises:
        ConfigError: it fails.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"expected {command[0]} to compile, found: {error}") from None
    if done.returncode:
        complaint = " ".join(done.stderr.split())[:SHOWN]
        raise ConfigError(f"expected {command[0]} to compile, found: {complaint}")
    return done.stdout


def _require_own(directory: Path) -> None:
    """Raise ConfigError if others could put another library in this one's place."""
    for path in (directory / LIBRARY, *(directory / LIBRARY).resolve().parents):
        status = path.stat()
        is_sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_mode & stat.S_IWOTH and not is_sticky:
            raise ConfigError(
                f"expected a place that only you can write to for compiled code, found {path} "
                "open to all; take that away with chmod o-w, or set ALM_STATE_DIR to another place"
            )
    for path in (directory, directory / LIBRARY):
        if path.stat().st_uid not in (0, os.geteuid()):
            raise ConfigError(
                f"expected compiled code of your own in {path}, found somebody else's; remove it, "
                "or set ALM_STATE_DIR to another place"
            )
