"""IdRegister: one text per id."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.ids import IdRegister
from alm.errors import InputError


def test_first_text_gets_the_id_and_its_repeat_none():
    ids = IdRegister("own", suffix=False)

    assert [ids.claim("a", b"1" * 16), ids.claim("a", b"1" * 16), ids.claim("b", b"1" * 16)] == [
        "a",
        None,
        "b",
    ]


def test_second_text_is_an_error_that_names_the_knob():
    ids = IdRegister("own", suffix=False)
    ids.claim("a", b"1" * 16)

    with pytest.raises(InputError, match=r"source 'own': .* for 'a'; .*ingest\.on_id_conflict"):
        ids.claim("a", b"2" * 16)


def test_suffix_steps_over_an_id_that_is_taken():
    ids = IdRegister("own", suffix=True)

    names = [
        ids.claim(*each)
        for each in (("a", b"1" * 16), ("a~2", b"2" * 16), ("a", b"3" * 16), ("a", b"3" * 16))
    ]

    assert names == ["a", "a~2", "a~3", None]


NAMES = st.sampled_from(["a", "b", "a~2", "a~3", "b~2", "a~2~2"])
TEXTS = st.integers(0, 3).map(lambda i: bytes([i]) * 16)


@given(st.lists(st.tuples(NAMES, TEXTS)))
def test_ids_are_those_that_plain_dictionaries_give(claims):
    ids, texts, later = IdRegister("own", suffix=True), {}, defaultdict(set)

    for name, text in claims:
        if name not in texts:
            expected = texts.setdefault(name, text) and name
        elif text in {texts[name], *later[name]}:
            expected = None
        else:
            later[name].add(text)
            free = (f"{name}~{i}" for i in range(len(later[name]) + 1, 99))
            expected = next(each for each in free if each not in texts)
            texts[expected] = text
        assert ids.claim(name, text) == expected
