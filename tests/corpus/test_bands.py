"""Bands: the pairs of datasketch's MinHashLSH, and never too many."""

import datasketch
import numpy as np
import pytest

from alm.corpus import spill
from alm.corpus.bands import N_BEFORE, find_pairs, make_keys, pair_buckets
from alm.corpus.minhash import SCHEME, make_permutations, sign_shingles
from alm.corpus.shingles import shingle_texts


@pytest.fixture(scope="module")
def signatures():
    """Of 600 texts in which every sixth is another one with a few words changed."""
    texts = []
    for i in range(600):
        words = [f"w{(i // 6 * 37 + k * k) % 1999}" for k in range(60)]
        words[10 : 10 + i % 6] = ["other"] * (i % 6)
        texts.append(" ".join(words).encode())
    return sign_shingles(shingle_texts(texts, 3), make_permutations(128))


@pytest.fixture
def find(signatures, tmp_path):
    """Return the pairs in bands of 8."""
    keys = make_keys(signatures, 16, 8)

    def read_band(band):
        for start in range(0, 600, 256):
            part = keys[band, start : start + 256]
            yield part, np.arange(start, start + len(part))

    def find(n_bands):
        pairs = find_pairs(read_band, n_bands, 600, tmp_path)
        return [
            pair
            for each in pairs.portions()
            for pair in zip(*map(np.ndarray.tolist, each), strict=True)
        ]

    return find


def test_pairs_are_those_of_datasketch(find, signatures):
    lsh = datasketch.MinHashLSH(num_perm=128, params=(16, 8))
    base = datasketch.MinHash(num_perm=128)
    expected = set()
    for i, values in enumerate(signatures):
        each = datasketch.MinHash(
            hashvalues=values.copy(), permutations=base.permutations, scheme=SCHEME
        )
        expected |= {(i, j) for j in lsh.query(each)}
        lsh.insert(i, each)

    found = find(16)

    assert len(expected) > 300
    assert found == sorted(expected)


@pytest.mark.parametrize("budget", [3000, 8000])
def test_pairs_do_not_depend_on_the_memory_there_is(find, monkeypatch, tmp_path, budget):
    in_memory = find(2)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(spill, "BUDGET_BYTES", budget)

    on_disk = find(2)

    assert [path.name for path in tmp_path.iterdir()] == ["pairs"]  # the bands are cleared away
    assert on_disk == in_memory


def test_keys_are_equal_when_all_rows_are():
    one = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [2, 1, 3, 4]], np.uint32)

    first, second = make_keys(one, 2, 2)

    assert first[0] == first[1] != first[2]
    assert second[0] == second[2] != second[1]


def test_keys_spread_over_their_first_bits():
    """Spilled keys are read back by those, and scopes are told apart by adding to keys."""
    rows = np.array([[0, i] for i in range(1000)], np.uint32)

    (keys,) = make_keys(rows, 1, 2)

    assert len(np.unique(keys >> np.uint64(56))) > 200


def pair(*keys):
    """Pairs of documents 0, 1, ... that have these keys in ascending order."""
    portions = pair_buckets(np.array(keys, np.uint64), np.arange(len(keys), dtype=np.uint64))
    return [found for each in portions for found in zip(*map(np.ndarray.tolist, each), strict=True)]


def test_small_bucket_is_compared_all_with_all():
    assert sorted(pair(3, 5, 5, 5, 7, 7)) == [(2, 1), (3, 1), (3, 2), (5, 4)]
    n = N_BEFORE + 1
    assert sorted(pair(*[1] * n)) == [(i, j) for i in range(n) for j in range(i)]


def test_giant_bucket_is_compared_with_those_before_and_with_the_first():
    n = 10 * N_BEFORE

    found = pair(*[1] * n)

    expected = {(i, j) for i in range(n) for j in {0, *range(max(i - N_BEFORE, 0), i)} if j < i}
    assert len(found) == len(expected) < n * (N_BEFORE + 1)
    assert set(found) == expected


def test_no_documents_have_no_pairs():
    assert pair() == pair(4) == []
