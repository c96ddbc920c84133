"""JSON with one spelling per value, and a reader that takes no other."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.errors import IntegrityError
from alm.io import canonical_json, parse_json, read_json, rounded, write_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_canonical_json_is_read_back_and_spelt_the_same_again(value):
    text = canonical_json(value)

    assert parse_json(text) == value
    assert canonical_json(parse_json(text)) == text
    assert "\n" not in text


@settings(max_examples=30)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_order_of_keys_makes_no_difference(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_canonical_json_is_known_to_the_byte():
    value = {"b": [1, 2.5, None, True], "a": 'é"\n', "ß": {}}

    assert canonical_json(value) == '{"a":"é\\"\\n","b":[1,2.5,null,true],"ß":{}}'


def test_file_is_indented_sorted_and_ends_in_a_newline(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": ["é"]})

    expected = '{\n  "a": [\n    "é"\n  ],\n  "b": 1\n}\n'
    assert (tmp_path / "a.json").read_bytes() == expected.encode()
    assert read_json(tmp_path / "a.json") == {"a": ["é"], "b": 1}


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}, "\ud800", {1, 2}])
def test_value_that_json_cannot_hold_leaves_the_old_file(tmp_path, value):
    write_json(tmp_path / "a.json", 1)

    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", value)

    assert (tmp_path / "a.json").read_text() == "1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{'a': 1}", "Expecting property name"),
        ('{"a": 1,}', None),
        ("[1] [2]", "Extra data"),
        ('{"a": 1, "a": 1}', "key 'a' stands twice"),
        ('[{"b": {"a": 1, "c": 2, "a": 3}}]', "key 'a' stands twice"),
        ("NaN", "NaN is no JSON number"),
        ("[Infinity]", "Infinity is no JSON number"),
        ("-Infinity", "-Infinity is no JSON number"),
        ("1e999", "1e999 is too large"),
        ("[-1e999]", "-1e999 is too large"),
        ("9" * 5000, "limit"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("\ufeff{}", "BOM"),
        ('"\n"', "Invalid control character"),
        ("01", None),
        ("+1", None),
        (".5", None),
    ],
    ids=lambda text: str(text)[:12],
)
def test_anything_but_strict_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


@given(st.text() | st.text(alphabet='[]{}",:0123456789.eE+-truefalsn\\u '))
def test_any_text_is_parsed_as_the_standard_library_does_or_refused(text):
    try:
        value = parse_json(text)
    except ValueError:
        return
    assert value == json.loads(text)


@pytest.mark.parametrize("data", [b"\xff", b"{", b'{"a": 1, "a": 2}', b""])
def test_damaged_file_is_named(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)

    with pytest.raises(IntegrityError, match=r"a\.json is damaged: .*; build it again"):
        read_json(tmp_path / "a.json")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(IntegrityError, match=r"cannot read .*a\.json: No such file .*; build it"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.123456789, 0.123457),
        (123456789.0, 123457000.0),
        (1e-12 / 3, 3.33333e-13),
        (-0.0, -0.0),
        (123456789, 123456789),
        (True, True),
        ("0.123456789", "0.123456789"),
        ({"a": (1.23456789, [2.0])}, {"a": [1.23457, [2.0]]}),
    ],
)
def test_floats_keep_six_digits_and_nothing_else_changes(value, expected):
    found = rounded(value)

    assert (found, type(found)) == (expected, type(expected))


@given(VALUES)
def test_rounding_twice_is_rounding_once(value):
    assert rounded(rounded(value)) == rounded(value)


def test_rounding_does_not_hide_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", rounded({"loss": math.nan}))
