"""The licence of every package that alm stands on, in one table: ``docs/licences.md``."""

import re
from dataclasses import dataclass
from pathlib import Path

from alm.io import write_text
from alm.project.supply import Package, Rules

TABLE = Path("docs/licences.md")
HEAD = """\
# Licences of what alm stands on

`make audit` writes this page from the packages' own metadata, and where that says too little from
`configs/supply.yaml`. alm itself is under the MIT licence and copies no code of theirs. What a
model was trained on has licences of its own: recipes name them, and the card of each model does.

| package | version | licence | needed by |
|---|---|---|---|
"""
ROW = re.compile(r"\| (\S+) \| (\S+) \| (.+) \| (.+) \|")
WORD = re.compile(r"[()]|\b(?:AND|OR)\b|(?:(?!\b(?:AND|OR)\b)[^()])+")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    version: str
    licence: str
    """SPDX expression."""
    needed: str
    """For what: by alm itself, or by an extra of it."""

    def __str__(self) -> str:
        """Return the line in Markdown."""
        return f"| {self.name} | {self.version} | {self.licence} | {self.needed} |"


def read_table(root: Path = Path()) -> dict[str, Row]:
    """Return the rows of the table by package; none where there is no table yet."""
    path = root / TABLE
    lines = path.read_text(encoding="utf-8").splitlines()[2:] if path.exists() else []
    rows = [Row(*found.groups()) for line in lines if (found := ROW.fullmatch(line))]
    return {row.name: row for row in rows if row.name not in ("package", "---")}


def write_table(rows: dict[str, Row], root: Path = Path()) -> None:
    """Write the table, sorted by package."""
    lines = [str(rows[name]) for name in sorted(rows)]
    write_text(root / TABLE, HEAD + "\n".join(lines) + "\n")


def list_licences(
    packages: dict[str, Package], pins: dict[str, str], rules: Rules, former: dict[str, Row]
) -> tuple[dict[str, Row], list[str]]:
    """Return a row for each pinned package, and the names of those whose licence nobody knows.

    Args:
        packages: that are installed.
        pins: package -> version, also of packages that only another system installs.
        rules: how licences are spelled.
        former: rows to keep for packages that are not installed here, at the same version.
    """
    rows = {name: row for name, row in former.items() if pins.get(name) == row.version}
    for name, package in packages.items():
        licence = licence_of(package, rules)
        if licence and name in pins:
            needed = "alm" if package.runs_alm else "an extra"
            rows[name] = Row(name, pins[name], licence, needed)
        elif name in rows:
            del rows[name]
    return rows, sorted(pins.keys() - rows.keys())


def licence_of(package: Package, rules: Rules) -> str | None:
    """Return a package's licence as an SPDX expression; None where nobody has said it."""
    if package.name in rules.stated:
        return rules.stated[package.name]
    metadata = package.installed.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    first_line = (metadata.get("License") or "").strip().partition("\n")[0]
    classified = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or ()]
    known = {*rules.accepted, *rules.spelled.values()}
    spelled = [rules.spelled.get(each, each) for each in (first_line, *classified)]
    return next((each for each in spelled if names_of(each) & known), None)


def names_of(licence: str) -> set[str]:
    """Return the identifiers in an SPDX expression."""
    return {word for word in _words(licence) if word not in ("(", ")", "AND", "OR")}


def is_accepted(licence: str, accepted: tuple[str, ...]) -> bool:
    """Whether one may depend on what has this licence: on all of an AND, on one of an OR.

    Reference:
        SPDX specification 2.3, annex D: AND binds more tightly than OR.
    """
    words = _words(licence)
    return _accepts_any(words, accepted) and not words


def _words(licence: str) -> list[str]:
    return [word.strip() for word in WORD.findall(licence) if word.strip()]


def _accepts_any(words: list[str], accepted: tuple[str, ...]) -> bool:
    found = _accepts_all(words, accepted)
    while words and words[0] == "OR":
        words.pop(0)
        found |= _accepts_all(words, accepted)
    return found


def _accepts_all(words: list[str], accepted: tuple[str, ...]) -> bool:
    found = _accepts_one(words, accepted)
    while words and words[0] == "AND":
        words.pop(0)
        found &= _accepts_one(words, accepted)
    return found


def _accepts_one(words: list[str], accepted: tuple[str, ...]) -> bool:
    word = words.pop(0) if words else ""
    if word != "(":
        return word in accepted
    found = _accepts_any(words, accepted)
    return bool(words) and words.pop(0) == ")" and found
