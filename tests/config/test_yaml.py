"""read_yaml: what DVC would read too, or one line that names the file and the line."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.config.yaml import MAX_BYTES, MAX_DEPTH, read_yaml
from alm.errors import ConfigError

BROKEN = {
    "nothing": ("", "expected a mapping of keys to values, found nothing"),
    "a list": ("- 1\n", "expected a mapping of keys to values, found list"),
    "a number": ("3\n", "expected a mapping of keys to values, found int"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 'line 3: found duplicate key "a"'),
    "an inner key twice": ("a:\n  b: 1\n  b: 2\n", 'line 3: found duplicate key "b"'),
    "a bracket left open": ("a: [1, 2\nb: 3\n", "line 2: expected ',' or ']'"),
    "a tab": ("a:\n\t- 1\n", "line 2: found character .* that cannot start"),
    "a control character": ("a: \x01\n", "unacceptable character #x0001"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2: but found another document"),
    "an anchor": ("b: 1\na: &x [1]\n", "line 2: expected plain values, found an anchor"),
    "an alias": ("b: 1\na: *x\n", "line 2: expected plain values, found an anchor or alias"),
    "a tag": ("a: !!set {x}\n", "line 1: expected plain values, found a tag"),
    "a Python object": ("a: !!python/name:os.system x\n", "line 1: .* found a tag"),
    "another YAML": ("%YAML 1.1\n---\na: on\n", "line 2: .* found another YAML version"),
    "a date": ("a:\n  b: 2024-01-02\n", r"a\.b: expected plain values, found datetime\.date"),
    "a day that never was": ("a: 2024-13-45\n", "month must be in 1..12; correct the YAML"),
    "a number as key": ("a:\n  1: 2\n", "a: expected a name as key, found 1; put it in quotes"),
    "a list as key": ("? [1]\n: 2\n", r"expected a name as key, found \(1,\)"),
    "no text": ('a: "\\ud800"\n', "a: expected text, found half a character"),
    "an endless number": (f"a: {'9' * 5000}\n", "Exceeds the limit .*; correct the YAML"),
    "a deep list": (f"a: {'[' * 99}", f"line 1: .* found more than {MAX_DEPTH} levels"),
}


def test_what_is_read_again_is_another_copy(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text("a: {b: [{c: 1}]}\n")
    first = read_yaml(path)
    first["a"]["b"][0]["c"] = 2

    assert read_yaml(path) == {"a": {"b": ({"c": 1},)}}


def test_a_file_that_changed_is_read_anew(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text("a: 1\n")
    before = read_yaml(path)
    path.write_text("a: 2\n")

    assert (before, read_yaml(path)) == ({"a": 1}, {"a": 2})


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "some.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path)

    return read


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_file_that_is_no_plain_mapping_is_named_with_what_it_holds(read, text, message):
    with pytest.raises(ConfigError, match=rf"some\.yaml(:|, )\s*{message}") as raised:
        read(text)

    assert "\n" not in str(raised.value)


def test_absent_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*absent\.yaml: No such file.*; restore"):
        read_yaml(tmp_path / "absent.yaml")


def test_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        read_yaml(tmp_path)


def test_other_encoding_is_refused_with_the_place(read):
    with pytest.raises(ConfigError, match=r"some\.yaml: not UTF-8 at byte 3; save it as UTF-8"):
        read("a: é".encode("latin-1"))


def test_file_too_large_to_be_a_configuration_is_refused(read):
    with pytest.raises(ConfigError, match=f"at most {MAX_BYTES}"):
        read(b"a: 1\n#" + b" " * MAX_BYTES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("1.0e-8", 1e-8),
        ("1e3", 1000.0),
        ("on", "on"),
        ("012", 12),
        ("null", None),
        ("[1, [2]]", (1, (2,))),
        ('"3e-4"', "3e-4"),
    ],
)
def test_values_are_those_of_yaml_1_2(read, text, value):
    found = read(f"a: {text}\n")["a"]

    assert (found, type(found)) == (value, type(value))


def test_byte_order_mark_is_passed_over(read):
    assert read("\ufeffa: 1\n") == {"a": 1}


@settings(max_examples=50)
@given(st.text() | st.text(alphabet="a1: -[]{}#&*!|>'\"%@`,\n?~", max_size=40))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode())

    try:
        assert isinstance(read_yaml(path), dict)
    except ConfigError as error:
        assert re.search(r"any\.yaml(:|, line)", str(error))
