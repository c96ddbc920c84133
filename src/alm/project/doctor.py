"""Look at everything a build stands on, say what is wrong, and what to do about it."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from alm.config import Machine, available_cores
from alm.errors import AlmError
from alm.project.finding import Finding, Verdict, note, ok, problem
from alm.project.locks import check_locks
from alm.project.packages import REINSTALL, check_packages

LEAST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 2_000_000_000  # pico and its states, twice over
TRACKED = ("dvc.lock", "reports")


def examine(root: Path = Path()) -> Iterator[Finding]:
    """Run every check, one finding each; a check that fails is a finding too."""
    checks: dict[str, Callable[[], Finding]] = {
        "python": lambda: check_python(root),
        "packages": lambda: check_packages(root),
        "torch": check_torch,
        "device": check_device,
        "threads": check_load,
        "disk": lambda: check_disk(root),
        "locks": lambda: check_locks(Machine.load().state_dir, root),
        "git": lambda: check_git(root),
    }
    for subject, check in checks.items():
        try:
            yield check()
        except (AlmError, OSError) as error:
            yield problem(subject, str(error), "correct that and ask again")


def raise_if_ill(findings: list[Finding]) -> None:
    """End a verb that found problems.

    Raises:
        AlmError: at least one finding is a problem.
    """
    if count := sum(finding.verdict is Verdict.PROBLEM for finding in findings):
        raise AlmError(f"{count} of {len(findings)} checks found a problem; each line names a cure")


def check_python(root: Path) -> Finding:
    """Find a Python that is too old, or not the project's own."""
    said = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info < LEAST_PYTHON:
        return problem("python", f"{said} is too old", "run: make setup PYTHON=/path/to/python3.11")
    if Path(sys.prefix).resolve() != (root / ".venv").resolve():
        return note("python", f"{said} is not the project's own", "use make, or .venv/bin/python")
    return ok("python", said)


def check_torch() -> Finding:
    """Load torch and let it multiply."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return problem("torch", f"cannot be loaded: {error}", REINSTALL)
    product = torch.eye(4) @ torch.ones(4)
    if not torch.equal(product, torch.ones(4)):
        return problem("torch", f"{torch.__version__} multiplies wrongly", REINSTALL)
    return ok("torch", torch.__version__)


def check_device() -> Finding:
    """Say what training will run on."""
    from alm.project.device import describe_choice

    return ok("device", describe_choice())


def check_load(load: float | None = None, cores: int | None = None) -> Finding:
    """Compare other work on the machine with its cores."""
    cores = cores or available_cores()
    load = os.getloadavg()[0] if load is None else load
    said = f"{cores} cores, load {load:.1f}"
    if load > 0.5 * cores:
        return note(
            "threads",
            f"{said}: OpenMP's threads wait for each other, so that a busy core slows all of them",
            "stop the other work, or set ALM_THREADS to the cores that are free",
        )
    return ok("threads", said)


def check_disk(root: Path, free: int | None = None) -> Finding:
    """Find a disk that is too full for a build."""
    free = shutil.disk_usage(root).free if free is None else free
    said = f"{free / 1e9:.1f} GB free"
    if not os.access(root, os.W_OK):
        return problem("disk", f"{root.resolve()} cannot be written", "change its owner or mode")
    if free < LEAST_FREE_BYTES:
        return problem("disk", said, "free some; `make prune` and `make clean-state` help")
    return ok("disk", said)


def check_git(root: Path) -> Finding:
    """Find a folder that is no clone, and results that are not committed."""
    if not (root / ".git").exists():
        cure = "clone it, or run: git init && git add -A && git commit -m start"
        return problem("git", f"{root.resolve()} is no Git clone, and DVC needs one", cure)
    found = subprocess.run(
        ["git", "status", "--porcelain", "--", *TRACKED],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        return problem("git", found.stderr.strip().partition("\n")[0], "correct that and ask again")
    if changed := [line[3:] for line in found.stdout.splitlines()]:
        names = ", ".join(changed[:3]) + (" ..." if len(changed) > 3 else "")
        return note("git", f"not committed: {names}", "see `make metrics`, then commit or restore")
    return ok("git", "dvc.lock and reports are as committed")
