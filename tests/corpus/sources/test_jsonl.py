"""JsonlReader: a line, a document."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.document import make_id
from alm.corpus.sources import Origin, Record
from alm.corpus.sources.jsonl import JsonlReader, read_lines
from alm.errors import ConfigError

TEXT = st.text(st.characters(codec="utf-8"))


def test_rows_without_ids_are_numbered_over_all_files(take, write_rows):
    write_rows({"text": "one"}, {"text": "two"}, name="a.jsonl")
    write_rows({"text": "three"}, name="b.jsonl")

    taken = take("jsonl")

    assert taken.ids == [make_id("rows", i) for i in range(3)]
    assert taken.documents[1].meta == {"path": "a.jsonl", "line": 2}


def test_id_field_names_the_documents(take, write_rows):
    write_rows({"text": "one", "key": "x"}, {"text": "two", "key": 17})

    assert take("jsonl", id_field="key").ids == ["x", "17"]


def test_truth_value_is_no_id(take, write_rows):
    write_rows({"text": "one", "key": "x"}, {"text": "two", "key": True})

    assert take("jsonl", id_field="key").facts["quarantined"] == {"wrong_type": 1}


def test_mark_at_the_start_and_no_newline_at_the_end_are_fine(take, folder):
    (folder / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "one"}\r\n\n{"text": "two"}')

    taken = take("jsonl")

    assert taken.texts == ["one", "two"]
    assert taken.facts["dropped"] == {"empty": 1}


@given(st.lists(st.binary(max_size=60), max_size=8).map(b"\n".join), st.integers(1, 40))
def test_lines_are_those_between_newlines(data, limit):
    lines = list(read_lines(io.BytesIO(data), limit))

    expected = data.split(b"\n")
    expected = expected[:-1] if expected[-1] == b"" else expected
    assert len(lines) == len(expected)
    for number, (line, whole) in enumerate(zip(lines, expected, strict=True), start=1):
        assert line.number == number
        assert line.whole == (len(whole) <= limit)
        assert len(line.data) <= limit + 1
        assert (whole + b"\n").startswith(line.data)
        assert data[line.offset :].startswith(line.data)


@given(st.lists(TEXT, min_size=1, max_size=8))
def test_every_text_comes_back(tmp_path_factory, ingest_config, jsonl_source, texts):
    folder = tmp_path_factory.mktemp("rows")
    rows = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (folder / "a.jsonl").write_text("\n".join(rows), encoding="utf-8", newline="")

    items = list(JsonlReader(jsonl_source, Origin(folder, 1, ingest_config)))

    assert [item.text for item in items] == texts


LINE = st.binary(max_size=30) | st.sampled_from(
    [b'{"text": "x"}', b'{"text": 1}', b'{"text": "\\ud800"}', b"[1]", b"null", b'{"a": {}}']
)


@given(st.lists(LINE, max_size=8))
def test_no_file_of_any_bytes_breaks_the_reader(
    tmp_path_factory, ingest_config, jsonl_source, lines
):
    folder = tmp_path_factory.mktemp("any")
    data = b"\n".join(lines)
    (folder / "a.jsonl").write_bytes(data)

    try:
        items = list(JsonlReader(jsonl_source, Origin(folder, 1, ingest_config)))
    except ConfigError:
        return  # no row had the field

    assert len(items) == data.count(b"\n") + bool(data and not data.endswith(b"\n"))
    assert all(isinstance(item, Record) or item.reason for item in items)
