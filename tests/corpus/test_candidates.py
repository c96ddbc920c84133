"""Candidates: the keys of all parts, of the documents that are to be compared."""

import numpy as np
import pytest

from alm.corpus.candidates import Candidates
from alm.corpus.digests import write_array

KEYS = np.array([[1, 1, 2, 1, 2, 2], [5, 6, 7, 8, 5, 9]], np.uint64)


@pytest.fixture
def find(tmp_path):
    """Return the pairs of six documents in two parts."""
    write_array(tmp_path / "one", KEYS[:, :2])
    write_array(tmp_path / "two", KEYS[:, 2:])

    def find(is_compared=(True,) * 6, scopes=None):
        paths = [tmp_path / "one", tmp_path / "two"]
        candidates = Candidates(paths, [2, 4], 2, np.array(is_compared), scopes)
        found = candidates.pairs(tmp_path).portions()
        return [pair for each in found for pair in zip(*map(np.ndarray.tolist, each), strict=True)]

    return find


def test_pairs_reach_over_parts_and_bands(find):
    assert find() == [(1, 0), (3, 0), (3, 1), (4, 0), (4, 2), (5, 2), (5, 4)]


def test_document_that_is_not_compared_is_in_no_pair(find):
    assert find([False, True, True, True, False, True]) == [(3, 1), (5, 2)]


def test_scopes_do_not_meet(find):
    assert find(scopes=np.array([0, 1, 1, 1, 0, 1], np.uint16)) == [(3, 1), (4, 0), (5, 2)]
