"""IdRegister: one text per id."""

import pytest

from alm.corpus.ids import IdRegister
from alm.errors import InputError


def test_first_text_gets_the_id_and_its_repeat_none():
    ids = IdRegister("own", suffix=False)

    assert [ids.claim("a", b"1"), ids.claim("a", b"1"), ids.claim("b", b"1")] == ["a", None, "b"]


def test_second_text_is_an_error_that_names_the_knob():
    ids = IdRegister("own", suffix=False)
    ids.claim("a", b"1")

    with pytest.raises(InputError, match=r"source 'own': .* for 'a'; .*ingest\.on_id_conflict"):
        ids.claim("a", b"2")


def test_suffix_steps_over_an_id_that_is_taken():
    ids = IdRegister("own", suffix=True)

    names = [ids.claim(*each) for each in (("a", b"1"), ("a~2", b"2"), ("a", b"3"), ("a", b"3"))]

    assert names == ["a", "a~2", "a~3", None]
