"""RowReader and FieldTally: what a row has to have, and how many have it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.sources import Record, Reject
from alm.corpus.sources.rows import FieldTally, RowReader, kind_of
from alm.errors import ConfigError


@pytest.fixture
def read(jsonl_source):
    def read(row, **changes):
        tally = FieldTally(5)
        item = RowReader(replace(jsonl_source, **changes), tally).read(row, "p", {"line": 1}, "s")
        assert tally.n_right + tally.n_wrong == 1
        assert isinstance(item, Record) == tally.n_right
        return item

    return read


def test_row_becomes_a_record(read):
    assert read({"text": "x"}) == Record("p", "x", {"line": 1}, None)
    row = {"text": "x", "key": 7, "q": 0.25}
    record = Record("p", "x", {"line": 1, "score": 0.25}, "7")
    assert read(row, id_field="key", score_field="q") == record


def test_template_takes_strings_and_integers(read):
    row = {"a": [{"b": "x"}, {"b": -3}]}

    assert read(row, text_field=None, template="{a[0].b}|{a[1].b}").text == "x|-3"


@pytest.mark.parametrize("template", ["{text.__class__}", "{a[0].append}", "{text[0]}"])
def test_template_reaches_nothing_but_values_of_the_row(read, template):
    assert isinstance(read({"text": "x", "a": [[]]}, text_field=None, template=template), Reject)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None, "1", True, b"1"], ids=repr)
def test_score_is_a_finite_number(read, score):
    reject = read({"text": "x", "q": score}, score_field="q")

    assert (reject.reason, reject.sample) == ("bad_score", "s")


def test_what_is_no_json_is_named_by_its_type():
    assert [kind_of(value) for value in (True, 1, b"")] == ["a truth value", "an integer", "bytes"]


def tally_of(n_wrong, n_right):
    tally = FieldTally(5)
    for number in range(n_wrong):
        tally.note_wrong({f"field {number}": 1})
    for _ in range(n_right):
        tally.note_right()
    return tally


ROWS = st.lists(st.sampled_from([{"text": "x"}, {"body": 1}, {"b\ud800": None}]), max_size=9)


@given(st.lists(ROWS, max_size=4), st.integers(1, 5))
def test_tallies_of_parts_add_up_to_that_of_the_whole(jsonl_source, parts, patience):
    whole, merged = FieldTally(patience), FieldTally(patience)
    for part in parts:
        tally = FieldTally(patience)
        for row in part:
            for each in (whole, tally):
                each.note_right() if "text" in row else each.note_wrong(row)
        merged.absorb(FieldTally.of(tally.facts()).facts())

    assert merged == whole


@pytest.mark.parametrize(
    ("n_wrong", "n_right", "at_end"), [(4, 0, False), (0, 0, True), (5, 1, True), (5, 1, False)]
)
def test_recipe_passes_while_a_row_may_still_have_its_fields(
    jsonl_source, n_wrong, n_right, at_end
):
    tally_of(n_wrong, n_right).refuse(jsonl_source, at_end=at_end)


@pytest.mark.parametrize(("n_wrong", "at_end"), [(5, False), (1, True)])
def test_recipe_is_refused_when_enough_rows_or_all_lack_a_field(jsonl_source, n_wrong, at_end):
    with pytest.raises(ConfigError, match=rf"of the first {n_wrong} .* field 0 \(an integer\)"):
        tally_of(n_wrong, 0).refuse(jsonl_source, at_end=at_end)


def test_few_fields_are_remembered_of_many(jsonl_source):
    tally = FieldTally(5)
    tally.note_wrong({f"{number:06}": 1 for number in range(10_000)})

    assert list(tally.seen) == [f"{number:06}" for number in range(20)]
