"""SourceStream: the documents of one source, as if there were no others."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.data import PackedDocument, SourceStream, TokenStream

LENGTHS = (5, 300, 2, 80, 1, 1, 111)
SOURCES = (0, 1, 1, 0, 0, 1, 0)
TOKENS = np.arange(500) * 31 % 499
MASK = np.arange(500) % 7 > 2
SOURCE_OF = np.repeat(SOURCES, LENGTHS)


@pytest.fixture
def stream(write_packed):
    cuts = np.cumsum(LENGTHS)[:-1]
    parts = zip(np.split(TOKENS, cuts), SOURCES, np.split(MASK, cuts), strict=True)
    documents = [PackedDocument(tokens, source, 1, mask) for tokens, source, mask in parts]
    return TokenStream(write_packed(documents, 100), "train")


@pytest.mark.parametrize("source", [0, 1])
def test_documents_are_those_of_the_source(stream, source):
    own = SourceStream(stream, stream.documents(), source)

    lengths = [n for n, each in zip(LENGTHS, SOURCES, strict=True) if each == source]
    assert np.diff(own.documents().start).tolist() == lengths
    assert set(own.documents().source.tolist()) == {source}
    assert own.n_tokens == sum(lengths)
    assert own.pad_id == stream.pad_id
    assert own.label == f"source {'ab'[source]!r} of the train split in {stream.packed}"


@given(a=st.integers(0, 500), b=st.integers(0, 500), source=st.integers(0, 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_stretch_is_read_as_if_the_rest_were_not_there(stream, a, b, source):
    own = SourceStream(stream, stream.documents(), source)
    start, stop = sorted((min(a, own.n_tokens), min(b, own.n_tokens)))

    tokens, mask = own.read(start, stop), own.read_loss_mask(start, stop)

    assert tokens.dtype == np.uint32
    assert tokens.tolist() == TOKENS[source == SOURCE_OF][start:stop].tolist()
    assert mask.tolist() == MASK[source == SOURCE_OF][start:stop].tolist()


def test_neighbours_are_read_as_one(stream, monkeypatch):
    own = SourceStream(stream, stream.documents(), 0)
    read = []
    monkeypatch.setattr(stream, "read", lambda *span: read.append(span) or np.zeros(0, np.uint32))

    own.read(0, own.n_tokens)

    assert read == [(0, 5), (307, 388), (389, 500)]


def test_a_source_without_documents_is_empty(stream):
    own = SourceStream(stream, stream.documents().select(SOURCE_OF[:7] > 9), 1)

    assert own.n_tokens == 0
    assert own.read(0, 0).tolist() == []


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 2), (0, 198)])
def test_stretch_outside_is_refused(stream, start, stop):
    with pytest.raises(IndexError, match=f"tokens {start} to {stop} of 197 in source 'a'"):
        SourceStream(stream, stream.documents(), 0).read(start, stop)
