"""Who holds what, and what a killed process left held.

DVC writes down, in ``.dvc/tmp/rwlock``, which process reads and writes which path. A DVC that was
killed leaves its entries behind; the next one removes those of a dead process by itself, but not
those whose number another program has got since, nor a file that was cut off while it was written.
Both block every verb until somebody repairs them. ``.dvc/tmp/lock`` and the locks of training
states are kernel locks, and die with their holder.
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from alm.io import write_text
from alm.project.finding import Finding, Verdict, note, ok, repaired

TMP = Path(".dvc/tmp")
RUNS_DVC = Callable[[int], bool]


def check_locks(states: Path, root: Path = Path(), runs_dvc: RUNS_DVC | None = None) -> Finding:
    """Explain every lock, and repair what a killed DVC left.

    Args:
        states: where training states lie.
        root: the repository.
        runs_dvc: whether a process number is that of a running DVC; None asks the system.
    """
    if held := _holders(root, states):
        return note("locks", f"in use: {', '.join(held)}", "wait for it, or stop it")
    return _check_rwlock(root / TMP / "rwlock", runs_dvc or _runs_dvc)


def release_stale(root: Path = Path(), runs_dvc: RUNS_DVC | None = None) -> str:
    """Release what a killed DVC left, so that the next one need not be told; say it, if anything.

    DVC counts a killed process as alive until whoever started it has asked after it, which in a
    container without an init may be never.
    """
    if _holder(root / TMP / "lock"):
        return ""
    found = _check_rwlock(root / TMP / "rwlock", runs_dvc or _runs_dvc)
    return found.says if found.verdict is Verdict.REPAIRED else ""


def _check_rwlock(path: Path, runs_dvc: RUNS_DVC) -> Finding:
    if not path.exists():
        return ok("locks", "none")
    try:
        entries = _read_entries(path)
    except (ValueError, KeyError, TypeError, AttributeError):
        path.unlink()
        return repaired("locks", f"{path} was cut off by a kill, and every verb failed on it; gone")
    alive = {pid for _, pid in entries if runs_dvc(pid)}
    if dead := sorted({name for name, pid in entries if pid not in alive}):
        write_text(path, json.dumps(_without(json.loads(path.read_text("utf-8")), alive)))
        return repaired(
            "locks", f"a killed DVC still held {len(dead)} paths, such as {dead[0]}; released"
        )
    if alive:
        return note("locks", f"DVC runs, as process {min(alive)}", "wait for it, or stop it")
    return ok("locks", "nothing is held")


def _read_entries(path: Path) -> list[tuple[str, int]]:
    """Return (path, process) of every entry."""
    lock = json.loads(path.read_text(encoding="utf-8"))
    writers = [(name, int(info["pid"])) for name, info in lock.get("write", {}).items()]
    readers = [
        (name, int(info["pid"])) for name, infos in lock.get("read", {}).items() for info in infos
    ]
    return sorted(writers + readers)


def _without(lock: dict[str, Any], alive: set[int]) -> dict[str, Any]:
    """Return the entries of living processes."""
    readers = {
        name: [info for info in infos if info["pid"] in alive]
        for name, infos in lock.get("read", {}).items()
    }
    writers = {name: info for name, info in lock.get("write", {}).items() if info["pid"] in alive}
    return {"write": writers, "read": {name: infos for name, infos in readers.items() if infos}}


def _holders(root: Path, states: Path) -> list[str]:
    """Return what kernel locks are held, and by whom."""
    paths = [root / TMP / "lock", *sorted((root / states).glob("*/*/.lock"))]
    return [
        f"{path.parent if path.name == '.lock' else path} by process {holder}"
        for path in paths
        if (holder := _holder(path))
    ]


def _holder(path: Path) -> str:
    """Return the process that holds a kernel lock, as the file says; empty where nobody does."""
    if not path.exists():
        return ""
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return (file.read().split() or ["unknown"])[0]
    return ""


def _runs_dvc(pid: int) -> bool:
    """Ask the system what a process is: its number alone may have been given to another program."""
    return is_dvc([os.fsdecode(word) for word in _command_of(pid)])


def is_dvc(command: list[str]) -> bool:
    """Whether a program and its arguments are DVC: by its own name, or as what a Python runs.

    An editor that has ``dvc.yaml`` open is not. Where a Python is given the name for another
    reason, we take it for DVC: a lock of the living must not be released.
    """
    program, *arguments = [PurePath(word).name for word in command] or [""]
    runs_python = program.startswith(("python", "Python"))
    return program == "dvc" or (runs_python and "dvc" in arguments)


def _command_of(pid: int) -> list[bytes]:
    """Return a process' program and arguments; nothing where there is no such process."""
    if not (proc := Path("/proc")).is_dir():  # macOS; a small Linux image has no ps
        return [_ask_ps(pid, "comm="), *_ask_ps(pid, "args=").split()]
    try:
        return (proc / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _ask_ps(pid: int, field: str) -> bytes:
    ask = ["ps", "-p", str(pid), "-o", field]
    return subprocess.run(ask, check=False, capture_output=True).stdout.strip()
