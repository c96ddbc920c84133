"""Licences: read from metadata, weighed as SPDX has it, listed for every pinned package."""

from email.message import Message
from pathlib import Path
from types import SimpleNamespace

import pytest

from alm.project.audit import read_pins
from alm.project.licences import (
    Row,
    is_accepted,
    licence_of,
    list_licences,
    read_table,
    write_table,
)
from alm.project.supply import Package, Rules, find_packages

REPO = Path(__file__).parents[2]
RULES = Rules(
    accepted=("MIT", "BSD-3-Clause", "MPL-2.0", "Apache-2.0 WITH LLVM-exception"),
    spelled={"MIT License": "MIT", "Apache Software License": "Apache-2.0"},
    stated={"odd": "Zlib"},
    passed_over={},
)


def package(name="a", **fields):
    """A package whose metadata says no more than this."""
    metadata = Message()
    for key, value in fields.items():
        metadata[key.replace("_", "-")] = value
    return Package(name, SimpleNamespace(metadata=metadata), True, False)


# --- what metadata says ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "MIT OR Foo-1.0"}, "MIT OR Foo-1.0"),
        ({"License": "MIT"}, "MIT"),
        ({"License": "MIT License\n\nCopyright (c) somebody"}, "MIT"),
        ({"License": "MPL-2.0 AND MIT"}, "MPL-2.0 AND MIT"),
        ({"License": "see below", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: Apache Software License"}, "Apache-2.0"),
        ({"License": "BSD"}, None),
        ({"Classifier": "Topic :: Mail"}, None),
        ({}, None),
    ],
)
def test_a_licence_is_what_metadata_says_in_any_of_its_places(fields, licence):
    assert licence_of(package(**fields), RULES) == licence


def test_what_was_read_in_the_licence_file_comes_first():
    assert licence_of(package("odd", License="MIT"), RULES) == "Zlib"


# --- what may be depended on ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MPL-2.0 AND (GPL-3.0-only OR MIT)", True),
        ("MPL-2.0 AND (GPL-3.0-only OR X) OR MIT", True),
        ("GPL-3.0-only OR X AND MIT", False),
        ("MIT OR X AND X", True),
        ("(MIT OR X) AND X", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0", False),
        ("MIT AND", False),
        ("(MIT", False),
        ("MIT)", False),
        ("", False),
    ],
)
def test_alternatives_are_weighed_as_spdx_has_it(licence, expected):
    assert is_accepted(licence, RULES.accepted) == expected


# --- the table ------------------------------------------------------------------------------------


def test_what_is_not_installed_keeps_its_row_at_the_same_version():
    former = {name: Row(name, "1", "MIT", "an extra") for name in ("a", "gone", "later", "other")}
    pins = {"a": "2", "later": "2", "other": "1", "new": "1"}

    rows, unknown = list_licences({"a": package(License="MIT")}, pins, RULES, former)

    assert rows == {"a": Row("a", "2", "MIT", "alm"), "other": former["other"]}
    assert unknown == ["later", "new"]


def test_a_package_that_lost_its_licence_loses_its_row():
    former = {"a": Row("a", "1", "MIT", "alm")}

    assert list_licences({"a": package()}, {"a": "1"}, RULES, former) == ({}, ["a"])


def test_the_table_is_read_as_it_was_written(tmp_path):
    rows = {name: Row(name, "1.0", "MPL-2.0 AND (A OR B)", "an extra") for name in ("b", "a")}

    write_table(rows, tmp_path)

    assert read_table(tmp_path) == rows
    assert list(read_table(tmp_path)) == ["a", "b"]


def test_there_may_be_no_table_yet(tmp_path):
    assert read_table(tmp_path) == {}


# --- the table of this project --------------------------------------------------------------------


def test_every_pinned_package_is_listed_with_its_version():
    listed = {name: row.version for name, row in read_table(REPO).items()}

    assert listed == read_pins(REPO), "run: make audit"


def test_every_listed_licence_is_accepted():
    accepted = Rules.load(REPO).accepted

    assert [r for r in read_table(REPO).values() if not is_accepted(r.licence, accepted)] == []


def test_what_is_listed_is_what_the_packages_here_say():
    packages, pins, table = find_packages(REPO), read_pins(REPO), read_table(REPO)

    rows, unknown = list_licences(packages, pins, Rules.load(REPO), table)

    assert unknown == []
    assert {name: row.licence for name, row in rows.items()} == {
        name: row.licence for name, row in table.items()
    }, "run: make audit"
