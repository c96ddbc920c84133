"""repeats: which keys are equal, and which of those come later."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from alm.corpus.filters.repeats import Repeats

# Some agree in all but their last bits, which make room for places while they are sorted.
ALIKE = st.sampled_from([0, 1, 2, 1 << 40, (1 << 40) + 1, (1 << 64) - 1])
DIFFERENT = st.integers(0, 9).map(lambda i: i << 50)


@given(st.lists(DIFFERENT, max_size=40) | st.lists(ALIKE, max_size=40))
@example([1, 2, 1])
def test_equal_keys_are_found(keys):
    repeats = Repeats.of(np.array(keys, np.uint64))

    assert list(repeats.is_later()) == [key in keys[:i] for i, key in enumerate(keys)]
    assert list(repeats.is_repeated()) == [keys.count(key) > 1 for key in keys]
    assert sorted(repeats.sizes) == sorted(map(keys.count, set(keys)))
