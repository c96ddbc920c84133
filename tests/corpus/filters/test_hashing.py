"""hashing: equal runs get equal keys wherever they stand, others do not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.filters import hashing
from alm.corpus.filters.hashing import BASE, MODULUS, hash_runs, mix, powers

RUNS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=30)


def lay_out(runs, gap=0):
    """Values with so many zeros between the runs, and where each begins and ends."""
    lengths = np.array([len(run) for run in runs])
    starts = np.cumsum(lengths + gap) - lengths
    values = np.zeros(starts[-1] + lengths[-1] + 1, np.uint8)
    for start, run in zip(starts, runs, strict=True):
        values[start : start + len(run)] = run
    return values, starts, starts + lengths


@given(RUNS, st.integers(1, 5), st.integers(1, 4))
def test_keys_are_equal_just_where_runs_are(runs, gap, block):
    table = np.array([5, 7, 11, 13], np.uint64)
    table[0] = 0  # what lies between
    runs = [[each or 1 for each in run] for run in runs]
    hashing.BLOCK, before = block, hashing.BLOCK
    try:
        keys = hash_runs(*lay_out(runs, gap), table)
    finally:
        hashing.BLOCK = before

    first = {tuple(run): key for run, key in zip(runs, keys, strict=True)}
    assert [first[tuple(run)] for run in runs] == list(keys)
    assert len(set(keys)) == len(first)


def test_blocks_change_no_key(monkeypatch):
    values = np.arange(1, 1001, dtype=np.uint64)
    values[690:700] = 0
    starts, stops = np.array([0, 10, 700]), np.array([10, 690, 1000])
    whole = hash_runs(values, starts, stops)

    monkeypatch.setattr(hashing, "BLOCK", 7)

    assert list(hash_runs(values, starts, stops)) == list(whole)


def test_a_key_is_the_mixed_polynomial():
    total = (3 + 4 * BASE + 5 * BASE**2) % MODULUS

    key = hash_runs(np.array([9, 3, 4, 5], np.uint64), np.array([1]), np.array([4]))

    assert key == mix(np.array([total], np.uint64))


def test_powers_are_those_of_integers():
    assert list(powers(BASE, 100)) == [BASE**i % MODULUS for i in range(100)]


def test_mix_is_murmurs_finalizer():
    # fmix64 of MurmurHash3, computed in Python's integers.
    def fmix64(k):
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53), (33, 1)):
            k = (k ^ (k >> shift)) * factor % MODULUS
        return k

    keys = [0, 1, BASE, MODULUS - 1]
    assert list(mix(np.array(keys, np.uint64))) == [fmix64(key) for key in keys]
