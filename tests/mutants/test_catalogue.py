"""The catalogue of sabotages stays true to the code."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from catalogue import MUTANTS  # noqa: E402

SRC = HERE.parents[1] / "src" / "alm"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place_that_there_is(mutant):
    text = (SRC / mutant.path).read_text(encoding="utf-8")

    assert text.count(mutant.old) == 1
    assert mutant.new != mutant.old
    compile(text.replace(mutant.old, mutant.new), mutant.path, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_its_tests_exist(mutant):
    for path in mutant.tests.split():
        assert (HERE.parents[1] / path).exists(), path


def test_there_are_at_least_twenty_and_each_has_a_name_of_its_own():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
