"""Look at what alm stands on: all of it pinned, under a known licence, and without advisories."""

from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from alm.errors import AlmError
from alm.project.advisories import ask_advisories
from alm.project.finding import Finding, note, ok, problem
from alm.project.licences import TABLE, Row, is_accepted, list_licences, read_table, write_table
from alm.project.packages import CONSTRAINTS, check_packages, read_constraints
from alm.project.supply import PYPROJECT, RULES, Package, Rules, find_packages

SHOWN = 8  # packages or advisories that are named one by one
Ask = Callable[[dict[str, str]], dict[str, list[str]]]


def audit(ask: Ask = ask_advisories, root: Path = Path()) -> Iterator[Finding]:
    """Run every check, one finding each, and write the table of licences anew.

    Args:
        ask: tells the advisories about pinned packages; raises AlmError where it cannot.
        root: the repository.

    Raises:
        ConfigError: ``configs/supply.yaml`` cannot be used.
    """
    rules, packages, pins = Rules.load(root), find_packages(root), read_pins(root)
    yield check_pins(packages, pins)
    yield check_packages(root)
    rows, unknown = list_licences(packages, pins, rules, read_table(root))
    if rows != read_table(root):
        write_table(rows, root)
    yield check_licences(rows, unknown, rules)
    yield check_advisories(pins, rules, ask)


def read_pins(root: Path = Path()) -> dict[str, str]:
    """Return the version of every pinned package, by the name that indices give it."""
    found = read_constraints(root / CONSTRAINTS)
    return {canonicalize_name(name): version for name, version in found.items()}


def check_pins(packages: dict[str, Package], pins: dict[str, str]) -> Finding:
    """Find packages that alm asks for, however indirectly, and whose version nothing fixes."""
    loose = {name for name, package in packages.items() if not package.is_exact}
    if missing := sorted(loose - pins.keys()):
        cure = f"add a line for each to {CONSTRAINTS}: pip freeze says which"
        return problem("pins", f"{_name(missing)} of {len(packages)} not in {CONSTRAINTS}", cure)
    return ok("pins", f"all {len(packages)} packages that {PYPROJECT} comes to are pinned")


def check_licences(rows: dict[str, Row], unknown: list[str], rules: Rules) -> Finding:
    """Find packages whose licence is not known, or not one to depend on."""
    if unknown:
        cure = f"install it, or read its licence file and state it in {RULES}"
        return problem("licences", f"none known of {_name(unknown)}", cure)
    refused = [
        f"{row.name} ({row.licence})"
        for row in rows.values()
        if not is_accepted(row.licence, rules.accepted)
    ]
    if refused:
        return problem("licences", f"not accepted: {_name(refused)}", f"decide, and see {RULES}")
    return ok("licences", f"{len(rows)} packages, all accepted; listed in {TABLE}")


def check_advisories(pins: dict[str, str], rules: Rules, ask: Ask) -> Finding:
    """Find pinned packages that something is known against; no network is no problem."""
    try:
        found = ask(pins)
    except AlmError as error:
        return note("advisories", str(error), "ask again where there is a network")
    open_ones = [
        f"{name} {pins[name]} ({identifier})"
        for name, identifiers in sorted(found.items())
        for identifier in identifiers
        if identifier not in rules.passed_over
    ]
    if open_ones:
        cure = f"take a later version, or say in {RULES} why it does not matter"
        return problem("advisories", _name(open_ones), cure)
    n_passed_over = sum(map(len, found.values()))
    return ok("advisories", f"none open against {len(pins)} packages ({n_passed_over} passed over)")


def _name(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
