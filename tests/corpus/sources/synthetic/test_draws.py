"""Draws: the published numbers, and fair choices made of them."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.sources.synthetic.draws import Draws, key_of


def test_stream_is_splitmix64():
    """Reference values for seed 1234567, as other implementations publish them."""
    draws = Draws(1234567)

    assert [draws.bits() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_key_is_a_hash_of_seed_and_name():
    digest = hashlib.sha256(b"1337:stories").hexdigest()

    assert key_of(1337, "stories") == int(digest[:16], 16)


@given(st.integers(0, 2**64 - 1), st.integers(1, 1000), st.integers(0, 50))
def test_numbers_stay_in_their_range(key, n, low):
    draws = Draws(key)

    assert 0 <= draws.below(n) < n
    assert low <= draws.between(low, low + n) <= low + n


def test_choices_are_even():
    draws = Draws(1)

    counts = Counter(draws.pick("abcde") for _ in range(10_000))

    assert all(count == pytest.approx(2000, abs=160) for count in counts.values())
    assert sum(draws.chance(1, 4) for _ in range(10_000)) == pytest.approx(2500, abs=200)


@given(st.integers(0, 2**64 - 1), st.integers(0, 10))
def test_sample_takes_no_place_twice(key, k):
    assert len(set(Draws(key).sample(range(10), k))) == k


def test_documents_have_streams_of_their_own():
    firsts = {Draws.of_document(key, i).bits() for key in range(20) for i in range(50)}

    assert len(firsts) == 1000
