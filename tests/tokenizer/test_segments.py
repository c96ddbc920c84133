"""SegmentEncoder: the ids of the inner encoder, however little room there is to remember them."""

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor

from alm.tokenizer import segments
from alm.tokenizer.cuts import find_cuts, keep_words
from alm.tokenizer.model_proto import read_pieces
from alm.tokenizer.segments import PlainEncoder, SegmentEncoder


class Watched:
    """The plain encoder, and what it was asked."""

    def __init__(self, processor):
        self._plain = PlainEncoder(processor)
        self.lengths = []

    def encode(self, data, lengths):
        self.lengths += lengths.tolist()
        return self._plain.encode(data, lengths)


class Interrupted:
    """The plain encoder; it does not come back from a text with a question mark."""

    def __init__(self, processor, error):
        self._plain = PlainEncoder(processor)
        self.error = error

    def encode(self, data, lengths):
        if self.error and ord("?") in data:
            raise self.error
        return self._plain.encode(data, lengths)


def encode(encoder, texts):
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(each) for each in encoded], dtype=np.int64)
    ids, counts = encoder.encode(np.frombuffer(b"".join(encoded), dtype=np.uint8), lengths)
    return [part.tolist() for part in np.split(ids, np.cumsum(counts)[:-1])] if texts else []


@pytest.fixture
def processor(model):
    return SentencePieceProcessor(model_proto=model)


@pytest.fixture
def cuts(model):
    return find_cuts(read_pieces(model))


@pytest.fixture
def small(monkeypatch):
    """Blocks of 64 bytes: texts go over many, and some segments are longer than one."""
    monkeypatch.setattr(segments, "BLOCK_BYTES", 64)


def test_ids_are_those_of_the_whole_text_whatever_the_room(processor, cuts, small, make_fuzz):
    texts = [*make_fuzz(300), "a" * 5000, " " * 500 + "x", "", "ab" * 400]

    for capacity in (64, 100, 5000):
        parts = SegmentEncoder(cuts, PlainEncoder(processor, 3), capacity)
        words = SegmentEncoder(keep_words(cuts), parts, capacity)
        assert encode(words, texts) == processor.encode(texts)
        assert encode(words, texts[::-1]) == processor.encode(texts[::-1])


def test_what_is_remembered_is_bounded(processor, cuts, small, make_fuzz):
    encoder = SegmentEncoder(cuts, PlainEncoder(processor), 80)

    for text in make_fuzz(200):
        encode(encoder, [text])
        assert len(encoder._table) <= 80
        assert len(encoder._ids) < 4000


def test_a_segment_is_encoded_once(processor, cuts):
    watched = Watched(processor)
    encoder = SegmentEncoder(cuts, watched, 2**17)
    encode(encoder, ["the sea\nthe captain " * 50])
    watched.lengths.clear()

    encode(encoder, ["the captain\nthe sea\n" * 9])

    assert sum(watched.lengths) < 15  # what the end of the first text and its words were joined to


def test_a_text_without_a_place_to_cut_is_one_segment(processor, small):
    watched = Watched(processor)
    encoder = SegmentEncoder(np.zeros(65536, dtype=bool), watched, 64)

    assert encode(encoder, ["x" * 1000, "y" * 70]) == processor.encode(["x" * 1000, "y" * 70])
    assert watched.lengths == [1000, 70]


@pytest.mark.parametrize("given", [[], [""], ["", "", ""], ["", "a", "", "b c", ""]], ids=repr)
def test_empty_texts_have_no_ids(processor, cuts, given):
    encoder = SegmentEncoder(cuts, PlainEncoder(processor), 2**17)

    assert encode(encoder, given) == processor.encode(given)


def test_long_texts_that_come_again_are_remembered_up_to_a_bound(processor):
    plain = PlainEncoder(processor, 2)
    rows = [c * n for c in "-=#*+" for n in (32, 200, 5000)]

    for _ in range(3):
        for row in rows:
            assert encode(plain, [row, "a"]) == processor.encode([row, "a"])
            assert len(plain._remembered) <= 3
            assert all(32 <= len(text) < 256 for text in plain._remembered)


def test_a_segment_longer_than_a_block_is_a_block_of_its_own(processor, small):
    cuts = np.ones(65536, dtype=bool)
    cuts[256 * ord("x") + ord("x")] = False
    encoder = SegmentEncoder(cuts, PlainEncoder(processor), 64)
    data = np.frombuffer(b"x" * 100 + b"abc" * 40, dtype=np.uint8)

    assert encoder._cut_block(data, np.array([0, 220]), 0).tolist() == [0, 100]
    assert encoder._cut_block(data, np.array([0, 220]), 100).tolist() == list(range(100, 165))


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_after_an_error_nothing_is_remembered_that_was_not_encoded(processor, cuts, error):
    inner = Interrupted(processor, error)
    encoder = SegmentEncoder(keep_words(cuts), SegmentEncoder(cuts, inner, 2**17), 2**17)
    texts = ["the sea\n", "the captain of the ship?\n", "captain and sea\n"]
    encode(encoder, texts[:1])
    with pytest.raises(error):
        encode(encoder, texts)

    inner.error = None

    assert encode(encoder, texts) == processor.encode(texts)
