"""The tree in the docstring of alm.errors and the classes: the same names, parents, codes."""

import inspect
import re
import signal
import tomllib
from pathlib import Path

import pytest

from alm import errors
from alm.errors import AlmError, Interrupted, installing

CLASSES = {
    name: each
    for name, each in inspect.getmembers(errors, inspect.isclass)
    if each.__module__ == errors.__name__
}
LINE = re.compile(r"^(?P<indent> *)[*+-] (?P<name>\w+)\s+(?P<codes>[\d/]+)", re.MULTILINE)


def read_tree():
    """Name -> (name of the parent, exit codes), as the docstring draws them."""
    tree, parents = {}, {-1: "Exception"}
    for found in LINE.finditer(errors.__doc__):
        depth = len(found["indent"])
        parents[depth] = found["name"]
        above = max(level for level in parents if level < depth)
        tree[found["name"]] = parents[above], tuple(map(int, found["codes"].split("/")))
    return tree


def test_docstring_draws_every_class_under_its_parent():
    drawn = {name: parent for name, (parent, _) in read_tree().items()}

    assert drawn == {name: each.__bases__[0].__name__ for name, each in CLASSES.items()}


@pytest.mark.parametrize("name", sorted(CLASSES.keys() - {"Interrupted"}))
def test_docstring_tells_the_exit_code(name):
    assert read_tree()[name][1] == (CLASSES[name].exit_code,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_exits_as_a_shell_tells_signals(number):
    error = Interrupted(number, "state saved at step 3")

    assert error.exit_code == 128 + number
    assert error.exit_code in read_tree()["Interrupted"][1]
    assert str(error) == "state saved at step 3"


def test_one_class_catches_them_all():
    assert all(issubclass(each, AlmError) for each in CLASSES.values())


def test_a_parameter_that_cannot_be_used_is_a_value_error_too():
    assert issubclass(errors.ConfigError, ValueError)  # so pydantic lets it through a validator


def test_every_class_says_when_it_is_raised():
    assert all(each.__doc__ for each in CLASSES.values())


@pytest.mark.parametrize("extra", ["cluster", "export", "hf", "lm-eval"])
def test_an_extra_is_installed_as_the_project_declares_it(extra):
    declared = tomllib.loads(Path("pyproject.toml").read_text())["project"]

    command = installing(extra)

    assert extra in declared["optional-dependencies"]
    assert command.endswith(f"--constraint constraints.txt --editable '.[{extra}]'`")
