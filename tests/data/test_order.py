"""feistel: a permutation of any size, of any key, that looks like chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.data import feistel
from alm.data.order import mix_key


def slow_feistel(position, n, key):
    """The same permutation, one number at a time in Python's own integers."""

    def mix(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    half = max(1, -(-(n - 1).bit_length() // 2))
    while True:
        left, right = divmod(position, 2**half)
        for i in range(1, 9):
            round_key = mix((key + i * 0x9E3779B97F4A7C15) % 2**64)
            left, right = right, left ^ mix((right + round_key) % 2**64) % 2**half
        position = left * 2**half + right
        if position < n:
            return position


@given(n=st.integers(1, 2**62), key=st.integers(-(2**70), 2**70), data=st.data())
def test_arrays_give_what_plain_integers_give(n, key, data):
    position = data.draw(st.integers(0, n - 1))

    assert feistel(np.array([position]), n, key).tolist() == [slow_feistel(position, n, key)]


@pytest.mark.parametrize("n", [*range(1, 70), 255, 256, 257, 4096, 4097, 100_003])
def test_every_number_comes_once(n):
    assert sorted(feistel(np.arange(n), n, key=n).tolist()) == list(range(n))


@given(n=st.integers(1, 3000), key=st.integers(-(2**70), 2**70))
@settings(max_examples=50)
def test_every_number_comes_once_under_any_key(n, key):
    assert np.array_equal(np.sort(feistel(np.arange(n), n, key)), np.arange(n))


@given(
    n=st.integers(1, 2**62),
    key=st.integers(0, 2**64 - 1),
    data=st.data(),
)
@settings(max_examples=50)
def test_a_place_has_one_number_whoever_asks(n, key, data):
    places = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=20))

    together = feistel(np.array(places), n, key)

    assert together.dtype == np.int64
    assert ((together >= 0) & (together < n)).all()
    assert together.tolist() == [feistel(np.array([p]), n, key)[0] for p in places]
    assert len(set(together.tolist())) == len(set(places))


def test_the_order_is_the_one_that_saved_runs_have():
    """Golden numbers: a change here reorders the data of every run that is resumed."""
    assert feistel(np.arange(10), 10, 1337).tolist() == [7, 9, 1, 5, 8, 2, 0, 6, 3, 4]
    assert feistel(np.array([0, 10**12]), 2**61, 2**63 - 1).tolist() == [
        1867183811018359336,
        1586558626576196912,
    ]


def test_keys_give_different_orders():
    orders = {tuple(feistel(np.arange(12), 12, key).tolist()) for key in range(500)}

    assert len(orders) == 500


@pytest.mark.parametrize("n", [3, 5, 16, 17])
def test_every_number_is_as_likely_at_every_place(n):
    """Chi-square over keys; its mean is its degrees of freedom, (n - 1) ** 2."""
    n_keys = 1500
    counts = np.zeros((n, n))
    for key in range(n_keys):
        counts[np.arange(n), feistel(np.arange(n), n, key)] += 1

    expected = n_keys / n
    chi_square = ((counts - expected) ** 2 / expected).sum()

    freedom = (n - 1) ** 2
    assert chi_square < freedom + 6 * np.sqrt(2 * freedom)


def test_neighbours_are_not_kept_together():
    order = feistel(np.arange(100_003), 100_003, 7)

    assert abs(np.corrcoef(np.arange(len(order)), order)[0, 1]) < 0.02
    assert (np.abs(np.diff(order)) == 1).sum() < 15  # about 2 by chance
    assert (order == np.arange(len(order))).sum() < 10  # about 1 by chance


@pytest.mark.parametrize("place", [-1, 5])
def test_place_outside_is_refused(place):
    with pytest.raises(IndexError, match="of 5"):
        feistel(np.array([0, place]), 5, 0)


@pytest.mark.parametrize("n", [0, 2**62 + 1])
def test_size_that_cannot_be_is_refused(n):
    with pytest.raises(ValueError, match=f"found {n}"):
        feistel(np.array([0]), n, 0)


def test_mixed_keys_differ_wherever_a_number_or_the_order_does():
    numbers = [(a, b) for a in range(60) for b in range(60)]

    assert len({mix_key(*pair) for pair in numbers}) == 3600
    assert len({mix_key(a) for a in range(1000)} | {mix_key(a, 0) for a in range(1000)}) == 2000


def test_mixed_keys_have_64_even_bits():
    keys = np.array([mix_key(a, b) for a in range(40) for b in range(40)], dtype=np.uint64)

    ones = [int((keys >> np.uint64(bit) & np.uint64(1)).sum()) for bit in range(64)]

    assert all(abs(count - 800) < 120 for count in ones)  # six standard deviations
