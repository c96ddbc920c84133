"""SegmentTable: a dictionary of byte strings, many at a time, that takes none for another."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.tokenizer.segment_table import LONGEST, SegmentTable, make_keys


def keys_of(strings):
    lengths = np.array([len(string) for string in strings], dtype=np.int64)
    data = np.frombuffer(b"".join(strings), dtype=np.uint8)
    return make_keys(data, np.cumsum(lengths) - lengths, lengths)


STRINGS = st.lists(st.binary(min_size=1, max_size=LONGEST) | st.sampled_from([b"a", b"a\0", b"\0"]))


@given(st.lists(STRINGS, max_size=4))
def test_numbers_are_those_of_a_dictionary(rounds):
    table, known = SegmentTable(200), {}

    for strings in rounds:
        numbers, new = table.number(keys_of(strings))
        for string, number in zip(strings, numbers.tolist(), strict=True):
            assert known.setdefault(string, number) == number
        assert [numbers[i] for i in new] == sorted(set(numbers) - set(range(len(known) - len(new))))
        assert len(table) == len(known) == len(set(known.values()))


def test_keys_differ_by_every_byte_and_by_length():
    strings = [b"\0" * n for n in range(1, LONGEST + 1)]
    strings += [b"\0" * n + b"\1" + b"\0" * (LONGEST - 1 - n) for n in range(LONGEST)]

    numbers, new = SegmentTable(len(strings)).number(keys_of(strings))

    assert sorted(numbers) == list(range(2 * LONGEST))
    assert len(new) == 2 * LONGEST


def test_a_full_table_still_finds_everything():
    strings = [b"%d" % i for i in range(1000)]
    table = SegmentTable(1000)

    numbers, new = table.number(keys_of(strings))

    assert sorted(numbers) == list(range(1000))
    assert np.array_equal(table.number(keys_of(strings))[0], numbers)
    assert len(new) == 1000


def test_what_was_forgotten_is_new_again():
    table = SegmentTable(10)
    table.number(keys_of([b"a", b"b"]))

    table.clear()

    assert len(table) == 0
    assert table.number(keys_of([b"b"]))[1].tolist() == [0]
