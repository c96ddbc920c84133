"""The verb: what can be wrong with a package is a problem with a cure, and nothing else is."""

import shutil
from pathlib import Path

import pytest

from alm.errors import AlmError
from alm.project.audit import audit, check_advisories, check_licences, check_pins, read_pins
from alm.project.finding import Verdict
from alm.project.licences import TABLE, Row
from alm.project.supply import Package, Rules

REPO = Path(__file__).parents[2]
RULES = Rules(accepted=("MIT",), spelled={}, stated={}, passed_over={"PYSEC-1": "not reached"})
PINS = {"a": "1.0", "b": "2.0"}


def offline(_):
    raise AlmError("could not ask: no network")


@pytest.fixture
def project(tmp_path):
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(REPO / name, tmp_path / name)
    for name in ("configs/supply.yaml", str(TABLE)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPO / name, tmp_path / name)
    return tmp_path


def test_this_project_has_no_problem_and_needs_no_network_to_know(project):
    findings = list(audit(offline, project))

    assert [each.subject for each in findings] == ["pins", "packages", "licences", "advisories"]
    assert [each for each in findings if each.verdict is Verdict.PROBLEM] == []


def test_a_row_that_is_gone_is_written_again(project):
    lines = (project / TABLE).read_text().splitlines(keepends=True)
    (project / TABLE).write_text("".join(line for line in lines if not line.startswith("| numpy")))

    list(audit(offline, project))

    assert (project / TABLE).read_bytes() == (REPO / TABLE).read_bytes()


def test_a_package_without_a_pin_is_named(project):
    path = project / "constraints.txt"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("numpy==")))

    finding = next(audit(offline, project))

    assert (finding.subject, finding.verdict) == ("pins", Verdict.PROBLEM)
    assert finding.says.startswith("numpy of ")


def test_names_of_packages_are_compared_as_indices_spell_them(project):
    (project / "constraints.txt").write_text("Foo_Bar.baz==1\n")

    assert read_pins(project) == {"foo-bar-baz": "1"}


@pytest.mark.parametrize(("is_exact", "verdict"), [(True, Verdict.OK), (False, Verdict.PROBLEM)])
def test_what_is_asked_for_in_one_version_needs_no_pin(is_exact, verdict):
    packages = {"a": Package("a", None, True, False), "c": Package("c", None, True, is_exact)}

    assert check_pins(packages, PINS).verdict is verdict


def test_an_unknown_licence_is_a_problem():
    finding = check_licences({}, ["a", "b"], RULES)

    assert finding.verdict is Verdict.PROBLEM
    assert "none known of a, b" in finding.says


def test_a_licence_that_nobody_accepted_is_a_problem():
    rows = {"a": Row("a", "1", "MIT", "alm"), "b": Row("b", "1", "AGPL-3.0-only", "alm")}

    finding = check_licences(rows, [], RULES)

    assert finding.verdict is Verdict.PROBLEM
    assert finding.says == "not accepted: b (AGPL-3.0-only)"


def test_an_advisory_is_a_problem_and_named_with_the_version():
    finding = check_advisories(PINS, RULES, lambda _: {"b": ["GHSA-1", "PYSEC-1"]})

    assert finding.verdict is Verdict.PROBLEM
    assert finding.says == "b 2.0 (GHSA-1)"


def test_an_advisory_that_does_not_matter_is_passed_over_and_counted():
    finding = check_advisories(PINS, RULES, lambda _: {"b": ["PYSEC-1"]})

    assert finding.verdict is Verdict.OK
    assert "none open against 2 packages (1 passed over)" in finding.says


def test_no_network_is_no_problem():
    finding = check_advisories(PINS, RULES, offline)

    assert finding.verdict is Verdict.NOTE
    assert "could not ask" in finding.says
