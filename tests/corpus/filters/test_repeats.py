"""repeats: which keys are equal, and which of those come later."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.filters.repeats import Repeats

# Some agree in all but their last bits, which make room for places while they are sorted.
KEYS = st.lists(st.sampled_from([0, 1, 2, 1 << 40, (1 << 40) + 1, (1 << 64) - 1]), max_size=40)


@given(st.lists(st.integers(0, 9).map(lambda i: i << 50), max_size=40))
def test_equal_keys_are_found(keys):
    repeats = Repeats.of(np.array(keys, np.uint64))

    assert list(repeats.is_later()) == [key in keys[:i] for i, key in enumerate(keys)]
    assert list(repeats.is_repeated()) == [keys.count(key) > 1 for key in keys]
    assert sorted(repeats.sizes) == sorted(map(keys.count, set(keys)))


@given(KEYS)
def test_different_keys_are_never_taken_for_equal(keys):
    repeats = Repeats.of(np.array(keys, np.uint64))
    later, repeated = repeats.is_later(), repeats.is_repeated()

    for i, (is_later, is_repeated) in enumerate(zip(later, repeated, strict=True)):
        assert not is_later or keys[i] in keys[:i]
        assert not is_repeated or keys.count(keys[i]) > 1
