"""The split: by text, in integers, and never empty on one side."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.split import choose_validation
from alm.errors import InputError


def make_keys(*names):
    digests = b"".join(hashlib.sha256(b"%d" % name).digest() for name in names)
    return np.frombuffer(digests, "<u8").reshape(-1, 4)


KEYS = make_keys(*range(4000))


def test_share_of_clusters_is_as_asked():
    assert choose_validation(KEYS, 1, 0.05).sum() == pytest.approx(200, abs=45)


def test_side_is_that_of_the_digest_and_the_seed():
    chosen = choose_validation(KEYS, 7, 0.1)

    for i in range(200):
        rank = hashlib.sha256(b"7:" + hashlib.sha256(b"%d" % i).digest()).digest()[:8]
        assert chosen[i] == (int.from_bytes(rank, "big") < Fraction(0.1) * 2**64)


def test_seed_decides():
    one = choose_validation(KEYS, 1, 0.05)

    assert np.array_equal(one, choose_validation(KEYS, 1, 0.05))
    assert not np.array_equal(one, choose_validation(KEYS, 2, 0.05))


def test_other_documents_do_not_move_a_cluster():
    assert np.array_equal(
        choose_validation(KEYS, 1, 0.05)[::2], choose_validation(KEYS[::2], 1, 0.05)
    )


def test_larger_fraction_only_adds():
    few, more = choose_validation(KEYS, 1, 0.05), choose_validation(KEYS, 1, 0.1)

    assert (few <= more).all()
    assert few.sum() < more.sum()


@given(
    st.sets(st.integers(0, 1000), min_size=2, max_size=6),
    st.sampled_from([1e-300, 1e-12, 0.05, 0.5, 1 - 2**-53]),
)
def test_neither_side_is_empty(names, fraction):
    chosen = choose_validation(make_keys(*sorted(names)), 1, fraction)

    assert chosen.any()
    assert not chosen.all()


def test_side_that_would_be_empty_gets_the_nearest_cluster():
    keys = KEYS[:20]
    ranks = [hashlib.sha256(b"1:" + key.tobytes()).digest() for key in keys]

    held_out, trained_on = (
        choose_validation(keys, 1, fraction).tolist() for fraction in (1e-300, 1 - 2**-53)
    )

    assert held_out == [rank == min(ranks) for rank in ranks]
    assert trained_on == [rank != max(ranks) for rank in ranks]


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_clusters_cannot_be_divided(n):
    with pytest.raises(InputError, match=r"at least 2 different documents.*on_long_document"):
        choose_validation(KEYS[:n], 1, 0.05)
