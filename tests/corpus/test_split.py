"""The split: by text, in integers, and never empty on one side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.split import choose_validation
from alm.errors import InputError

KEYS = [b"%d" % i for i in range(4000)]


def test_share_of_clusters_is_as_asked():
    assert len(choose_validation(KEYS, 1, 0.05)) == pytest.approx(200, abs=45)


def test_seed_decides():
    assert choose_validation(KEYS, 1, 0.05) == choose_validation(KEYS, 1, 0.05)
    assert choose_validation(KEYS, 1, 0.05) != choose_validation(KEYS, 2, 0.05)


def test_other_documents_do_not_move_a_cluster():
    half = set(KEYS[::2])

    assert choose_validation(KEYS, 1, 0.05) & half == choose_validation(KEYS[::2], 1, 0.05)


def test_larger_fraction_only_adds():
    assert choose_validation(KEYS, 1, 0.05) < choose_validation(KEYS, 1, 0.1)


@given(
    st.sets(st.binary(min_size=1), min_size=2, max_size=6),
    st.sampled_from([1e-12, 0.05, 0.5, 1 - 1e-12]),
)
def test_neither_side_is_empty(keys, fraction):
    chosen = choose_validation(sorted(keys), 1, fraction)

    assert chosen < keys
    assert chosen


@pytest.mark.parametrize("keys", [[], [b"a"], [b"a", b"a"]])
def test_fewer_than_two_clusters_cannot_be_divided(keys):
    with pytest.raises(InputError, match=r"at least 2 different documents.*on_long_document"):
        choose_validation(keys, 1, 0.05)
