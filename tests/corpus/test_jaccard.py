"""Exact overlap: that of Python's sets, and a limit compared without rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus import Document, jaccard, write_documents
from alm.corpus.digests import find_starts
from alm.corpus.jaccard import Comparison, measure_overlap, shingle_sets
from alm.work import cut_lines

NUMBERS = st.sets(st.integers(0, 30))


def ascending(numbers):
    return np.array(sorted(numbers), np.uint64)


@given(NUMBERS, NUMBERS)
def test_overlap_is_that_of_sets(one, two):
    expected = len(one & two) / len(one | two) if one | two else 0.0

    assert measure_overlap(ascending(one), ascending(two)) == expected


@given(NUMBERS, NUMBERS, st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_overlap_below_the_least_may_be_0_and_no_other_is(one, two, least):
    exact = measure_overlap(ascending(one), ascending(two))

    assert measure_overlap(ascending(one), ascending(two), least) in {exact, 0.0}
    assert (measure_overlap(ascending(one), ascending(two), least) >= least) == (exact >= least)


def test_sets_hold_each_shingle_once():
    one, two, none = shingle_sets([b"a b a b a", b"b a", b"?"], 2)

    assert (len(one), len(two), len(none)) == (2, 1, 0)
    assert set(two.tolist()) < set(one.tolist())


@pytest.fixture
def compare(tmp_path):
    """Write texts of words; return what compares them."""

    def compare(*texts):
        path = tmp_path / "documents.jsonl"
        write_documents(path, [Document(str(i), "s", text, {}) for i, text in enumerate(texts)])
        (unit,) = cut_lines(path)
        return Comparison(path, np.array(find_starts(unit), np.uint64), 1)

    return compare


def measure(comparison, pairs, least):
    portion = np.array(pairs, np.uint64).T
    found = comparison.measure([portion], least)
    return [triple for each in found for triple in zip(*map(np.ndarray.tolist, each), strict=True)]


def test_pairs_with_enough_in_common_come_back_in_order(compare):
    comparison = compare("a b c d e", "a b c d", "x\n y", "a b c d e f", "X, Y")

    found = measure(comparison, [(1, 0), (2, 0), (3, 0), (3, 1), (4, 2)], 0.8)

    assert found == [(1, 0, 4 / 5), (3, 0, 5 / 6), (4, 2, 1.0)]


@pytest.mark.parametrize(("n_bytes", "n_pairs"), [(0, 1), (150, 3), (400, 2), (10**6, 10**6)])
def test_batches_change_nothing(compare, monkeypatch, n_bytes, n_pairs):
    comparison = compare(*(f"a b c d {i % 3} {i % 2}" for i in range(12)))
    pairs = [(i, j) for i in range(12) for j in range(i)]
    expected = [
        (i, j, measure_overlap(*shingle_sets(map(comparison.read_text, (i, j)), 1)))
        for i, j in pairs
    ]
    monkeypatch.setattr(jaccard, "BATCH_BYTES", n_bytes)
    monkeypatch.setattr(jaccard, "BATCH_PAIRS", n_pairs)

    assert measure(comparison, pairs, 0.0) == expected


def test_documents_held_at_once_are_bounded(compare, monkeypatch):
    comparison = compare(*("word " * 20 + str(i) for i in range(50)))
    monkeypatch.setattr(jaccard, "BATCH_BYTES", 600)
    held = []

    def note(texts, n_words):
        texts = list(texts)
        held.append(sum(map(len, texts)))
        return shingle_sets(texts, n_words)

    monkeypatch.setattr(jaccard, "shingle_sets", note)

    measure(comparison, [(i, j) for i in range(50) for j in range(max(i - 3, 0), i)], 0.9)

    assert max(held) <= 600 < sum(held)
