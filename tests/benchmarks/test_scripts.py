"""What scripts take from alm and from each other is there, whether or not their peers are."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = {path.stem: ast.parse(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.py"))}


def taken(tree):
    """Yield the module and the name of everything that is imported by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


def names_of(tree):
    """Return what a script defines or imports at its top."""
    names = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for part in [each for target in targets if target for each in ast.walk(target)]:
            names.add(getattr(part, "id", None))
        names |= {getattr(node, "name", None)}
        names |= {alias.asname or alias.name for alias in getattr(node, "names", ())}
    return names


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_takes_is_there(name):
    missing = []
    for module, wanted in taken(SCRIPTS[name]):
        if module in SCRIPTS and wanted not in names_of(SCRIPTS[module]):
            missing.append((module, wanted))
        if module.split(".")[0] == "alm" and not hasattr(import_module(module), wanted):
            missing.append((module, wanted))

    assert missing == []


def test_a_name_that_is_gone_is_noticed():
    tree = ast.parse("from machine import gone\nfrom machine import describe")

    found = [wanted in names_of(SCRIPTS["machine"]) for _, wanted in taken(tree)]

    assert found == [False, True]
