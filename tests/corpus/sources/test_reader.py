"""Reader: a source is the sum of its spans, whatever its kind."""

from dataclasses import replace

import pytest

from alm.config import SyntheticSource, TextSource
from alm.corpus.sources import SOURCES, Origin

SUMS = SyntheticSource(
    kind="synthetic",
    name="sums",
    licence="x",
    filters=(),
    task="arithmetic",
    n_docs=4100,
    exact_duplicates=0.1,
    near_duplicates=0.1,
    junk=0.1,
)

TEXT = TextSource(kind="text", name="own", licence="x", filters=(), glob="*.txt")


@pytest.fixture
def sources(folder, write_rows, jsonl_source):
    """A source of each kind that is cut; the library has tests of its own."""
    for i in range(5):
        (folder / f"{i}.txt").write_text(f"text {i}\n" * 9)
        write_rows({"text": f"row {i}"}, {"body": i}, name=f"{i}.jsonl")
    return [SUMS, TEXT, jsonl_source]


@pytest.mark.parametrize("kind", ["synthetic", "text", "jsonl"])
def test_spans_in_any_order_are_the_whole(sources, folder, ingest_config, monkeypatch, kind):
    monkeypatch.setattr("alm.corpus.sources.files.UNIT_BYTES", 100)
    (source,) = [each for each in sources if each.kind == kind]
    reader = SOURCES[kind](source, Origin(folder, 1, ingest_config))
    spans = reader.spans()

    backwards = [list(reader.read(span, {})) for span in reversed(spans)]

    assert len(spans) > 1
    assert [span.start for span in spans[1:]] == [span.stop for span in spans[:-1]]
    assert [item for items in reversed(backwards) for item in items] == list(reader)


def test_source_that_stops_early_is_one_span(sources, folder, ingest_config, monkeypatch):
    """What is enough depends on all that came before."""
    monkeypatch.setattr("alm.corpus.sources.files.UNIT_BYTES", 1)
    origin = Origin(folder, 1, ingest_config)

    for limit in ({"max_docs": 9}, {"target_tokens": 9, "bytes_per_token": 4.0}):
        reader = SOURCES["jsonl"](replace(sources[2], **limit), origin)
        assert [(span.start, span.stop) for span in reader.spans()] == [(0, 5)]
