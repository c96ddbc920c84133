"""Another place to build in: a clone of what is committed, where everything else is otherwise.

A build there has another path, home, locale, time zone, hash seed, umask and order of folders, and
of the variables of this environment it sees ``PATH`` alone. It has no DVC cache to take from.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from alm.config import Machine
from alm.errors import AlmError, InputError
from alm.io import make_directories, write_text

PLACE = "a clone \u00e9\u6f22"  # a path that nobody who forgets a quote or an encoding gets past
DISORDER = Path(__file__).with_name("disorder")
OTHERWISE = {
    "LANG": "tr_TR.ISO-8859-9",
    "LC_ALL": "POSIX",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "4711",
    "PYTHONUTF8": "1",  # for DVC, which cannot spell such a path in ASCII; not for our stages
    "SHELL": "/bin/sh",
    "TZ": "Pacific/Chatham",
}
UMASK = 0o077
WORKERS = 3
START = '#!/bin/sh\nexec env PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {} "$@"\n'
ONLY = 'exec env -i PATH="$0:$PATH" "$@"'  # no other variable of this environment gets through


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A clone of a repository, and the ways to build in it."""

    root: Path
    """Of the clone."""
    python: Path
    """The interpreter that runs its stages, beside DVC."""
    emulator: tuple[str, ...]
    """Words that start it on another CPU; none start it on this one."""
    portable: bool
    """Whether a result may not depend on cores and devices either, so that those differ too."""

    @classmethod
    def clone(cls, root: Path, folder: Path, *, portable: bool, emulator: tuple[str, ...]) -> Self:
        """Clone what is committed in ``root`` into an empty folder; lend it this environment.

        Raises:
            InputError: Git cannot clone it.
        """
        place = folder / PLACE
        _run("git", "clone", "--quiet", str(root.resolve()), str(place))
        make_directories(folder / "home")
        python = Path(sys.executable)
        return cls(root=place, python=python, emulator=emulator, portable=portable)

    def install(self) -> Self:
        """Make an environment of the clone's own, which takes minutes and the network.

        Raises:
            AlmError: it cannot be made; what was said about it stands above.
        """
        python = getattr(sys, "_base_executable", sys.executable)
        command = ["make", "setup", f"PYTHON={python}"]
        if subprocess.run(command, cwd=self.root, check=False).returncode:
            raise AlmError(f"no environment could be made in {self.root}; it says above why")
        return replace(self, python=self.root / ".venv" / "bin" / "python")

    def bring(self, source: Path, name: Path) -> None:
        """Copy text of one's own, which Git ignores, to a place in the clone.

        Raises:
            InputError: it cannot be copied.
        """
        place = self.root / name
        make_directories(place.parent)
        _run("cp", "-R", f"{source}/." if source.is_dir() else str(source), str(place))

    def run(self, *words: str) -> None:
        """Run a command there; what it says goes to the terminal.

        Raises:
            AlmError: it failed.
        """
        variables = [f"{name}={value}" for name, value in self._variables().items()]
        places = f"{self._write_start()}{os.pathsep}{self.python.parent}"
        command = ["sh", "-c", ONLY, places, *variables, *words]
        with _one_core() if self.portable else nullcontext():
            done = subprocess.run(command, cwd=self.root, check=False, umask=UMASK)
        if done.returncode:
            raise AlmError(
                f"{' '.join(words[:2])} failed in a clone of what is committed, {self.root}; it "
                "says above why"
            )

    def _write_start(self) -> Path:
        """Return a folder with a ``python`` that starts ours, on the CPU of our choice."""
        start = self.root.with_name("programs") / "python"
        write_text(start, START.format(shlex.join([*self.emulator, str(self.python)])))
        start.chmod(0o755)
        return start.parent

    def _variables(self) -> dict[str, str]:
        home = self.root.with_name("home")
        return {
            **OTHERWISE,
            **({} if self.portable else _chosen_device()),
            # A process that Python starts by itself would not be emulated.
            "ALM_WORKERS": str(1 if self.emulator else WORKERS),
            "DVC_SITE_CACHE_DIR": str(home / "dvc"),
            "HOME": str(home),
            "PYTHONPATH": f"{self.root / 'src'}{os.pathsep}{DISORDER.resolve()}",
        }


def _run(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"{words[0]} failed: {done.stderr.strip()}; correct that and run again")


def _chosen_device() -> dict[str, str]:
    """Return what decides the bits of a native result, as it is set here."""
    machine = Machine.load()
    threads = {} if machine.threads is None else {"ALM_THREADS": str(machine.threads)}
    return {"ALM_DEVICE": machine.device, **threads}


@contextmanager
def _one_core() -> Iterator[None]:
    """Let what is started meanwhile use one core, where the system can say so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
