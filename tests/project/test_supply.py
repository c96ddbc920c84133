"""What alm stands on: the closure of its requirements over made-up and over real packages."""

from pathlib import Path

import pytest

from alm.errors import ConfigError
from alm.project.audit import check_pins, read_pins
from alm.project.finding import Verdict
from alm.project.supply import RULES, Rules, _find, find_packages

REPO = Path(__file__).parents[2]
PROJECT = """\
[project]
dependencies = ["first>=1", "elsewhere; sys_platform == 'os/2'"]
[project.optional-dependencies]
extra = ["Third.Party", "absent"]
both = ["alm[extra]", "second"]
"""
REQUIRES = {
    "first": ["second", "fourth; extra == 'more'"],
    "second": ["first"],  # a circle
    "third-party": ["first[more]", "part==1.0", "piece==1.*"],
    "part": ["fifth"],
    "piece": [],
    "fifth": [],
    "fourth": ["elsewhere; python_version < '3'"],
    "elsewhere": [],
}


class Installed:
    def __init__(self, name):
        self.requires = REQUIRES[name]


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(PROJECT)

    def find(name):
        if name not in REQUIRES:
            raise ModuleNotFoundError(name)
        return Installed(name)

    monkeypatch.setattr("alm.project.supply.distribution", find)
    monkeypatch.setattr("alm.project.supply.PackageNotFoundError", ModuleNotFoundError)
    _find.cache_clear()
    yield find_packages(tmp_path)
    _find.cache_clear()


def test_requirements_are_followed_to_their_end_with_their_extras(made_up):
    assert made_up.keys() == {
        *("first", "second", "third-party", "fourth", "fifth", "part", "piece")
    }


def test_what_another_system_asks_for_is_passed_over(made_up):
    assert "elsewhere" not in made_up


def test_what_alm_needs_itself_is_told_from_what_an_extra_does(made_up):
    assert {name for name, package in made_up.items() if package.runs_alm} == {"first", "second"}


def test_what_is_asked_for_in_one_version_is_known_to_be(made_up):
    assert {name for name, package in made_up.items() if package.is_exact} == {"part"}


def test_every_package_that_alm_comes_to_here_is_pinned():
    packages = find_packages(REPO)

    assert packages.keys() >= {"torch", "dvc", "numpy", "pytest", "pydantic-core"}
    assert check_pins(packages, read_pins(REPO)).verdict is Verdict.OK


def test_the_rules_of_this_project_can_be_used():
    assert "MIT" in Rules.load(REPO).accepted


@pytest.mark.parametrize(
    "text",
    ["accepted: [MIT]", "accepted: [1]\nspelled: {}\nstated: {}\npassed_over: {}"]
    + ["accepted: []\nspelled: {}\nstated: {}\npassed_over: {}\nmore: {}"],
)
def test_other_rules_are_refused(tmp_path, text):
    (tmp_path / RULES).parent.mkdir()
    (tmp_path / RULES).write_text(text)

    with pytest.raises(ConfigError, match="expected texts below accepted, spelled, stated"):
        Rules.load(tmp_path)
