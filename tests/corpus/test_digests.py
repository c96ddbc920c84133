"""Digests: a row of each document, right in every field, in order over files."""

import hashlib

import numpy as np
import pytest

from alm.corpus import Document, write_documents
from alm.corpus.digests import (
    PLANTED,
    ROW,
    digest_documents,
    find_starts,
    hash_name,
    read_rows,
    write_array,
)
from alm.errors import IntegrityError
from alm.work import cut_lines


def digest(*documents):
    return digest_documents(documents, range(0, 10 * len(documents), 10), ["a", "b"])


def test_row_tells_text_place_and_source():
    rows = digest(Document("1", "b", "Straße", {}), Document("2", "a", "", {})).rows

    assert rows["sha256"][0].tobytes() == hashlib.sha256("Straße".encode()).digest()
    assert rows["text_bytes"].tolist() == [7, 0]
    assert rows["start"].tolist() == [0, 10]
    assert rows["source"].tolist() == [1, 0]


def test_group_is_a_number_that_its_name_decides():
    groups = [{"group": "x"}, {}, {"group": "y"}, {"group": "x"}, {"group": None}]
    rows = digest(*(Document(str(i), "a", "t", meta) for i, meta in enumerate(groups))).rows

    one, none, two, same, null = rows["group"].tolist()
    assert one == same != two
    assert none == null == 0 != one


def test_copies_that_were_planted_name_their_original():
    found = digest(
        Document("1", "a", "t", {"truth": "clean"}),
        Document("2", "a", "t", {"truth": "near_duplicate", "of": "1"}),
        Document("3", "b", "t", {"truth": "exact_duplicate", "of": "1"}),
        Document("4", "b", "t", {"truth": "junk"}),
    )

    assert found.names.tolist() == [hash_name(s, i) for s, i in ("a1", "a2", "b3", "b4")]
    assert found.planted.tolist() == [
        (1, hash_name("a", "1"), True),
        (2, hash_name("b", "1"), False),
    ]


def test_unlisted_source_is_refused():
    with pytest.raises(IntegrityError, match=r"'7': expected a source among a, b, found 'c'"):
        digest(Document("7", "c", "t", {}))


def test_lines_begin_where_the_ones_before_them_end(tmp_path, monkeypatch):
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 200)
    path = tmp_path / "documents.jsonl"
    write_documents(path, [Document(str(i), "a", "\u2028ä\n" * i, {}) for i in range(9)])

    starts = [start for unit in cut_lines(path) for start in find_starts(unit)]

    lines = path.read_bytes().split(b"\n")[:-1]
    assert len(cut_lines(path)) > 2
    assert starts == [sum(len(line) + 1 for line in lines[:i]) for i in range(9)]


def test_numbers_are_written_with_their_lowest_byte_first(tmp_path):
    big = np.array([(1, 2)], [("a", ">u2"), ("b", ">u8")])

    write_array(tmp_path / "rows", big)

    assert (tmp_path / "rows").read_bytes() == b"\1\0" + b"\2" + bytes(7)


def test_rows_of_files_follow_each_other(tmp_path):
    documents = [Document(str(i), "a", f"text {i}", {}) for i in range(5)]
    rows = digest(*documents).rows
    write_array(tmp_path / "one", rows[:2])
    write_array(tmp_path / "two", rows[2:])

    found = read_rows([tmp_path / "one", tmp_path / "two"], [2, 3], ROW)

    assert np.array_equal(found, rows)
    assert ROW.itemsize == 59
    assert digest().planted.dtype == PLANTED
