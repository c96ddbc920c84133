"""PairSorter: the same pairs in the same order, in memory or on disk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.corpus.spill import PairSorter

PAIRS = st.lists(st.tuples(st.integers(0, 2**64 - 1) | st.integers(0, 3), st.integers(0, 4)))


def sort(folder, portions, n_bits, budget):
    """Put portions of pairs through a sorter; return what comes out, portion by portion."""
    sorter = PairSorter(folder, n_bits, budget)
    for portion in portions:
        if portion:
            sorter.add(*np.array(portion, np.uint64).T)
    return [list(zip(*map(np.ndarray.tolist, found), strict=True)) for found in sorter.portions()]


@settings(max_examples=40)
@given(st.lists(PAIRS, max_size=4), st.sampled_from([0, 40, 1 << 20]))
def test_pairs_come_out_in_order_and_once(tmp_path_factory, portions, budget):
    found = sort(tmp_path_factory.mktemp("pairs"), portions, 64, budget)

    assert [pair for portion in found for pair in portion] == sorted(set().union(*portions))


@pytest.mark.parametrize("budget", [0, 1000, 1 << 20])
def test_portions_are_cut_between_first_numbers(tmp_path, budget):
    portions = [[(i * k % 700, k) for i in range(700)] for k in range(5)]

    found = sort(tmp_path, portions, 10, budget)

    owners = [{first for first, _ in portion} for portion in found]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 700


def test_memory_is_emptied_beyond_the_budget_alone(tmp_path):
    pairs = [(i, i) for i in range(100)]

    sort(tmp_path / "large", [pairs] * 3, 64, 1 << 20)
    sort(tmp_path / "small", [pairs] * 3, 64, 3000)

    assert not (tmp_path / "large").exists()
    assert len(list((tmp_path / "small").iterdir())) == 2


def test_one_portion_is_held_at_a_time(tmp_path):
    spread = [(i << 54, 0) for i in range(1024)]

    found = sort(tmp_path, [spread], 64, 0)

    assert max(map(len, found)) == 4
