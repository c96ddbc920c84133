"""Documents: one canonical line each, and ids that do not depend on the weather."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.document import Document, is_blank, make_id, read_documents, write_documents
from alm.errors import IntegrityError

TEXT = st.text(st.characters(codec="utf-8"))


@given(st.lists(st.builds(Document, TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT | st.integers()))))
def test_documents_come_back_as_they_were_written(tmp_path_factory, documents):
    path = tmp_path_factory.mktemp("documents") / "documents.jsonl"

    write_documents(path, documents)

    assert list(read_documents(path)) == documents


def test_line_is_canonical_json(tmp_path):
    write_documents(tmp_path / "a", [Document("1", "s", "é\n\u2028", {"b": 1, "a": 2})])

    assert (tmp_path / "a").read_bytes().decode() == (
        '{"id":"1","meta":{"a":2,"b":1},"source":"s","text":"é\\n\u2028"}\n'
    )


def test_made_id_is_a_hash_of_source_and_place():
    assert make_id("own", 3) == hashlib.sha256(b"own:3").hexdigest()[:16]
    assert make_id("own1", 1) != make_id("own", 11)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"id":"1","meta":{},"source":"s"}',
        b'{"id":"1","meta":{},"source":"s","text":1}',
        b'{"id":"1","meta":[],"source":"s","text":""}',
        b'{"id":"1","id":"1","meta":{},"source":"s","text":""}',
        b"\xff",
    ],
)
def test_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "documents.jsonl"
    write_documents(path, [Document("1", "s", "x", {})])
    path.write_bytes(path.read_bytes() + line + b"\n")

    with pytest.raises(IntegrityError, match=r"documents\.jsonl, line 2"):
        list(read_documents(path))


def test_absent_file_is_an_integrity_error(tmp_path):
    with pytest.raises(IntegrityError, match="cannot read .*build it again"):
        list(read_documents(tmp_path / "none"))


@pytest.mark.parametrize(("text", "blank"), [("", True), (" \u3000\n", True), (" x ", False)])
def test_blank_is_empty_or_spaces(text, blank):
    assert is_blank(text) is blank


@pytest.mark.parametrize("mark", ["\x00", "\u2581", "_", "\u200d"])
def test_characters_that_only_look_like_nothing_are_not_blank(mark):
    assert not is_blank(mark)
