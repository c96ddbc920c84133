"""count_split: what a split holds, in all and by source."""

import numpy as np

from alm.data import DocumentIndex
from alm.data.counting import count_split


def test_counts_are_of_all_and_of_each_source():
    start, n_bytes = np.array([0, 3, 7], np.uint64), np.array([9, 8], np.uint64)
    index = DocumentIndex(start, np.array([0, 1], np.uint16), n_bytes)

    assert count_split(index, ["a", "b", "c"]) == {
        **{"docs": 2, "tokens": 7, "bytes": 17},
        "sources": {
            "a": {"docs": 1, "tokens": 3, "bytes": 9},
            "b": {"docs": 1, "tokens": 4, "bytes": 8},
            "c": {"docs": 0, "tokens": 0, "bytes": 0},
        },
    }
