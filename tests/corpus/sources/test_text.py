"""TextReader: a file, a document."""

from hypothesis import given
from hypothesis import strategies as st

from alm.config import TextSource
from alm.corpus.sources import Origin, Record, Reject
from alm.corpus.sources.text import TextReader

SOURCE = TextSource(kind="text", name="own", licence="x", filters=(), glob="*.txt")


def test_file_is_one_document_named_by_its_path(take, folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_bytes(b"one\r\n\n two\n")

    (document,) = take("text").documents

    assert (document.id, document.source) == ("sub/a.txt", "own")
    assert document.text == "one\r\n\n two\n"
    assert document.meta == {"path": "sub/a.txt"}


def test_bad_byte_in_a_piece_is_placed_in_the_file(take, folder):
    (folder / "a.txt").write_bytes(b"x" * 999 + b"\n" + b"y" * 500 + b"\xff" + b"y" * 200)

    taken = take("text", on_long_document="split")

    assert taken.ids == ["a.txt#0"]
    assert taken.quarantine[0]["place"] == "a.txt#1"
    assert taken.quarantine[0]["detail"].endswith("at byte 1500")


def test_document_of_just_the_longest_size_is_whole(take, folder):
    (folder / "a.txt").write_text("x" * 1000)

    assert take("text", on_long_document="split").ids == ["a.txt"]


@given(data=st.binary(max_size=3000))
def test_any_file_reads_as_one_record_or_one_reject(tmp_path_factory, ingest_config, data):
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.txt").write_bytes(data)

    (item,) = TextReader(SOURCE, Origin(folder, 1, ingest_config))

    assert isinstance(item, Reject) or item.text.encode() == data
    assert isinstance(item, Record | Reject)
