"""Compare what is installed with what ``constraints.txt`` names."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alm.project.finding import Finding, ok, problem

CONSTRAINTS = Path("constraints.txt")
REINSTALL = "run: rm -f .venv/.alm-installed && make setup"
SHOWN = 5  # differences that are named one by one


def check_packages(root: Path = Path()) -> Finding:
    """Find packages of another version; one that is not installed may not belong to this system."""
    names = read_constraints(root / CONSTRAINTS)
    differing = [
        f"{name} {found} instead of {wanted}"
        for name, wanted in names.items()
        if (found := _installed(name)) is not None and found.partition("+")[0] != wanted
    ]
    if not differing:
        return ok("packages", f"as {CONSTRAINTS} says")
    more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    return problem("packages", ", ".join(differing[:SHOWN]) + more, REINSTALL)


def read_constraints(path: Path) -> dict[str, str]:
    """Return name -> version of every line ``name==version``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("#")[0].strip().partition("==") for line in lines]
    return {name: wanted for name, separator, wanted in pairs if separator}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
