"""store_stream: rows on disk, and never read twice."""

from dataclasses import replace
from functools import partial

import pytest

from alm.corpus.sources import Record
from alm.corpus.sources.rows import FieldTally, RowReader
from alm.corpus.sources.stream import ChunkStore, store_stream
from alm.corpus.watch import watch
from alm.errors import ConfigError, InputError

PATIENCE = 5


class CountedRows:
    """Rows that know where they are, break off where they are told, and count what is read."""

    def __init__(self, rows, break_at=None):
        self.rows = rows
        self.break_at = break_at
        self.position = 0
        self.n_read = 0

    def __iter__(self):
        while self.position < len(self.rows):
            if self.position == self.break_at:
                raise KeyboardInterrupt
            self.position += 1
            self.n_read += 1
            yield self.rows[self.position - 1]

    def state_dict(self):
        return {"position": self.position}

    def load_state_dict(self, state):
        self.position = state["position"]


@pytest.fixture
def stream(tmp_path, jsonl_source, ingest_config, monkeypatch):
    """Put rows on disk; return what lies there afterwards."""
    monkeypatch.setattr("alm.corpus.sources.stream.CHUNK_ROWS", 4)
    store = ChunkStore(tmp_path / "stream", FieldTally(PATIENCE))
    (tmp_path / "stream").mkdir()

    def stream(rows, **changes):
        source = replace(jsonl_source, **changes)
        watched = partial(watch, source=source, config=ingest_config, guarded=True)
        try:
            store_stream(rows, RowReader(source, FieldTally(PATIENCE)), store, "owner/x", watched)
        except KeyboardInterrupt:
            assert not store.progress().is_done
        return list(store.items())

    stream.store = store
    return stream


TEXTS = [{"text": f"text {i}"} for i in range(11)]


def test_rows_become_records_with_their_place(stream):
    items = stream(CountedRows(TEXTS))

    assert len(items) == 11
    assert items[10] == Record("owner/x:11", "text 10", {"row": 11}, None)
    assert stream.store.progress().is_done
    assert stream.store.progress().n_chunks == 3


@pytest.mark.parametrize("break_at", range(11))
def test_interrupted_stream_goes_on_and_reads_just_the_last_stored_row_again(stream, break_at):
    whole = [f"text {i}" for i in range(11)]

    before = stream(CountedRows(TEXTS, break_at))
    later = CountedRows(TEXTS)

    assert [item.text for item in before] == whole[: break_at // 4 * 4]
    assert [item.text for item in stream(later)] == whole
    assert later.n_read == 11 - len(before) + bool(before)


def test_finished_stream_is_not_read_at_all(stream):
    stream(CountedRows(TEXTS))
    again = CountedRows(TEXTS)

    assert len(stream(again)) == 11
    assert again.n_read == 0


@pytest.mark.parametrize("break_at", [None, *range(7)])
def test_stream_ends_when_it_is_enough_interrupted_or_not(stream, break_at):
    if break_at is not None:
        stream(CountedRows(TEXTS, break_at), max_docs=7)
    rows = CountedRows(TEXTS)

    assert len(stream(rows, max_docs=7)) == 7
    assert rows.position == 7


@pytest.mark.parametrize("break_at", [None, 4])
def test_rows_without_the_field_are_told_early_interrupted_or_not(stream, break_at):
    rows = [{"body": i} for i in range(100)]
    if break_at is not None:
        stream(CountedRows(rows, break_at))
    rest = CountedRows(rows)

    with pytest.raises(ConfigError, match=r"none of the first 5 has that; .* body \(an integer\)"):
        stream(rest)
    assert rest.position == PATIENCE


@pytest.mark.parametrize("rows", [TEXTS[1:], TEXTS[:2], []], ids=["moved", "cut", "gone"])
def test_stream_that_is_not_the_interrupted_one_is_refused(stream, rows):
    """The state of a stream is little but counts: they would take these for the same."""
    stream(CountedRows(TEXTS, 5))

    with pytest.raises(InputError, match=r"row at which the stream of owner/x .* \*\.parts beside"):
        stream(CountedRows(rows))


def test_unusable_row_is_shown_in_short(stream):
    rows = [*TEXTS, {"text": None, "more": "x" * 999}]

    reject = stream(CountedRows(rows))[-1]

    assert (reject.place, reject.reason) == ("owner/x:12", "wrong_type")
    assert reject.sample == f"text: None, more: {'x' * 80}"


def test_half_a_chunk_is_written_anew(stream, tmp_path):
    stream(CountedRows(TEXTS, 5))
    (tmp_path / "stream" / "chunk-0000001.jsonl").write_text("half a li")

    assert len(stream(CountedRows(TEXTS))) == 11
