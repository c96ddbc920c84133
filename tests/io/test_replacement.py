"""What may be replaced: nothing, or what the same verb left there."""

import re

import pytest

from alm.errors import InputError
from alm.io import Manifest, require_replaceable, write_text

WRITTEN = re.compile(r"words\.txt|manifest\.json")


def make(out, kind="words"):
    out.mkdir()
    write_text(out / "words.txt", "one two")
    Manifest.write(out, kind, params={}, inputs={}, facts={})


def test_nothing_and_what_the_verb_left_may_be(tmp_path):
    out = tmp_path / "out"
    require_replaceable(out, "words", WRITTEN)
    make(out)
    make(tmp_path / "out.old")
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "words.txt.part").touch()

    require_replaceable(out, "words", WRITTEN)


@pytest.mark.parametrize("name", ["out", "out.old", "out.part"])
def test_what_somebody_else_left_may_not(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").touch()

    with pytest.raises(InputError, match=f"expected nothing at .*{re.escape(name)}, or .*OUT="):
        require_replaceable(tmp_path / "out", "words", WRITTEN)


def test_another_verbs_result_may_not(tmp_path):
    make(tmp_path / "out", "numbers")

    with pytest.raises(InputError, match="found something else, which would be removed"):
        require_replaceable(tmp_path / "out", "words", WRITTEN)


def test_an_unfinished_folder_in_the_place_of_a_whole_one_may_not(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "words.txt").touch()

    with pytest.raises(InputError, match="expected nothing at"):
        require_replaceable(tmp_path / "out", "words", WRITTEN)


def test_a_place_without_a_name_may_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match="expected OUT= to name a folder"):
        require_replaceable(tmp_path.relative_to(tmp_path), "words", WRITTEN)
