"""DocumentIndex: joined end to end, counted by source."""

import numpy as np

from alm.data import DocumentIndex


def index(lengths, sources, n_bytes):
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
    return DocumentIndex(start, np.array(sources, np.uint16), np.array(n_bytes, np.uint64))


def test_joined_positions_count_from_the_first_shard():
    joined = DocumentIndex.join([index([3, 4], [0, 1], [9, 8]), index([5], [1], [7])])

    assert joined.start.tolist() == [0, 3, 7, 12]
    assert joined.source.tolist() == [0, 1, 1]
    assert joined.n_bytes.tolist() == [9, 8, 7]
    assert joined.start.dtype == joined.n_bytes.dtype == np.uint64
    assert joined.source.dtype == np.uint16
    assert len(joined) == 3


def test_joining_one_changes_nothing():
    alone = index([3, 4], [0, 1], [9, 8])

    joined = DocumentIndex.join([alone])

    assert joined.start.tolist() == alone.start.tolist()


def test_chosen_documents_are_laid_end_to_end():
    chosen = index([3, 4, 5, 6], [0, 2, 0, 1], [9, 8, 7, 6]).select(np.array([0, 1, 0, 1], bool))

    assert chosen.start.tolist() == [0, 4, 10]
    assert (chosen.source.tolist(), chosen.n_bytes.tolist()) == ([2, 1], [8, 6])
    assert (chosen.start.dtype, chosen.source.dtype) == (np.uint64, np.uint16)
    assert chosen.select(np.zeros(2, bool)).start.tolist() == [0]


def test_counts_by_source_are_whole_and_zero_where_there_is_nothing():
    counts = index([3, 4, 5], [0, 2, 0], [9, 8, 7]).count_by_source(["a", "b", "c"])

    assert counts == {
        "a": {"docs": 2, "tokens": 8, "bytes": 16},
        "b": {"docs": 0, "tokens": 0, "bytes": 0},
        "c": {"docs": 1, "tokens": 4, "bytes": 8},
    }
