"""DigestTable: a dictionary from digests to digests, in little memory."""

import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.digest_table import KEY, DigestTable
from alm.corpus.ids import IdRegister


def digest_of(number):
    return hashlib.sha256(b"%d" % number).digest()[:KEY]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9))))
def test_it_says_what_a_dictionary_says(pairs):
    table, expected = DigestTable(), {}
    for key, value in pairs:
        table.set(digest_of(key), digest_of(value))
        expected[digest_of(key)] = digest_of(value)

    assert [table.get(digest_of(key)) for key in range(22)] == [
        expected.get(digest_of(key)) for key in range(22)
    ]
    assert len(table) == len(expected)


def test_entries_survive_growth():
    table = DigestTable()
    for number in range(5000):
        table.set(digest_of(number), digest_of(-number))

    assert all(table.get(digest_of(n)) == digest_of(-n) for n in range(5000))
    assert all(table.get(digest_of(n)) is None for n in range(5000, 6000))


@pytest.mark.parametrize("first", [bytes(7) + b"\1", b"\xff" * 8])
def test_keys_that_want_one_place_find_another(first):
    """The last place of the table is followed by the first."""
    keys = [first + bytes([i]) * 8 for i in range(1, 40)]
    table = DigestTable()
    for key in keys:
        table.set(key, key[::-1])

    assert [table.get(key) for key in keys] == [key[::-1] for key in keys]


def test_an_id_takes_less_than_100_bytes():
    """So 100,000 documents take less than 10 MB, also while the table grows."""
    ids = IdRegister("own", suffix=False)

    tracemalloc.start()
    for number in range(10_000):
        ids.claim(f"https://example.org/{number}", digest_of(number))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100 * 10_000
