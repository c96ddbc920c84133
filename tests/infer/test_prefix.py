"""PrefixCache: what is shared, what is forgotten, and that no bit depends on it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alm.infer.prefix import PrefixCache


class FakeDecoder:
    """Remember, for each token, in which piece of the text it was read: where bits come from."""

    def __init__(self, network):
        self.read = []
        self.n_bytes = 100
        self._network = network

    @property
    def length(self):
        return len(self.read)

    def truncate(self, length):
        del self.read[length:]

    def prefill(self, ids):
        self._network.prefilled.append(list(ids))
        size = self._network.alignment
        ids = list(ids)
        while ids:
            n = size - self.length % size
            piece, ids = ids[:n], ids[n:]
            start, stop = self.length, self.length + len(piece)
            # Where any cut will do, a token's bits are its own.
            where = (start, stop) if size > 1 else ()
            self.read += [(token, where) for token in piece]
        return torch.zeros(3)

    def step(self, token):
        where = (self.length, "step") if self._network.alignment > 1 else ()
        self.read.append((token, where))


class FakeNetwork:
    n_vocab = 3

    def __init__(self, alignment):
        self.alignment = alignment
        self.made = []
        self.prefilled = []

    def new_decoder(self):
        self.made.append(FakeDecoder(self))
        return self.made[-1]


def read(cache, ids, n_new=0):
    """Read a prompt, continue it, and give the decoder back; return what the prompt left in it."""
    draft = cache.read(ids)
    left = list(draft.decoder.read)
    for token in range(n_new):
        draft.ids.append(token)
        draft.decoder.step(token)
    draft.ids.append(9)  # chosen, and not read any more
    cache.keep(draft)
    return left


prompts = st.lists(st.sampled_from([0, 1]), min_size=1, max_size=12)


@given(
    alignment=st.sampled_from([1, 2, 4]),
    max_bytes=st.sampled_from([0, 100, 300]),
    calls=st.lists(st.tuples(prompts, st.integers(0, 5)), max_size=12),
)
def test_no_token_is_read_otherwise_than_by_a_new_decoder(alignment, max_bytes, calls):
    cache = PrefixCache(FakeNetwork(alignment), max_bytes)

    for ids, n_new in calls:
        new = PrefixCache(FakeNetwork(alignment))
        assert read(cache, ids, n_new) == read(new, ids)
        assert cache.n_bytes <= max(max_bytes, 100)


def test_the_longest_beginning_is_not_read_again():
    network = FakeNetwork(1)
    cache = PrefixCache(network)
    one, two = cache.read([1, 2, 3, 4]), cache.read([1, 2, 5, 6])
    cache.keep(one)
    cache.keep(two)

    cache.read([1, 2, 5, 6, 7, 8])

    assert network.prefilled[-1] == [7, 8]


def test_what_was_said_is_shared_too_where_any_cut_will_do():
    for alignment, read_again in ((1, [9, 7]), (4, [5, 6, 0, 1, 9, 7])):
        network = FakeNetwork(alignment)
        cache = PrefixCache(network)
        read(cache, [1, 2, 3, 4, 5, 6], n_new=2)

        cache.read([1, 2, 3, 4, 5, 6, 0, 1, 9, 7])

        assert network.prefilled[-1] == read_again


def test_the_last_token_of_a_prompt_is_always_read():
    network = FakeNetwork(1)
    cache = PrefixCache(network)
    read(cache, [1, 2, 3])

    read(cache, [1, 2, 3])

    assert network.prefilled == [[1, 2, 3], [3]]


def test_a_little_that_is_shared_costs_nobody_a_long_text():
    network = FakeNetwork(1)
    cache = PrefixCache(network)
    read(cache, [1, 2, 3, 4, 5])

    read(cache, [1, 2, 9])

    assert len(network.made) == 2
    assert cache.read([1, 2, 3, 4, 5, 6]).decoder is network.made[0]


def test_without_memory_for_another_the_oldest_is_forgotten():
    network = FakeNetwork(1)
    cache = PrefixCache(network, max_bytes=200)
    for ids in ([1, 1, 1], [2, 2, 2], [3, 3, 3]):
        read(cache, ids)

    assert len(network.made) == 2
    assert [idle.ids for idle in cache._idle] == [(2, 2, 2), (3, 3, 3)]


def test_a_few_are_kept_however_small_they_are():
    network = FakeNetwork(1)
    cache = PrefixCache(network, max_bytes=1 << 30)

    for token in range(40):
        read(cache, [token, token, token])

    assert len(network.made) == len(cache._idle) == 16
    assert cache._idle[0].ids == (24, 24, 24)


def test_short_prompts_leave_one_decoder_that_holds_nothing():
    network = FakeNetwork(4)
    cache = PrefixCache(network, max_bytes=1 << 30)

    for token in range(30):
        read(cache, [token, token, token])

    assert len(network.made) == len(cache._idle) == 1


def test_decoders_in_use_are_not_taken_over():
    network = FakeNetwork(1)
    cache = PrefixCache(network, max_bytes=0)

    drafts = [cache.read([1, 2, 3]) for _ in range(3)]
    for draft in drafts:
        cache.keep(draft)

    assert len({id(draft.decoder) for draft in drafts}) == 3
    assert cache.n_bytes == 100


@pytest.mark.parametrize("n", [127, 128, 129, 300])
def test_a_real_prompt_is_read_from_its_last_whole_chunk(make_model, n):
    from alm.infer.torch_network import TorchNetwork

    network = TorchNetwork(make_model(), "cpu", 512)
    cache = PrefixCache(network)
    ids = [6 + i % 250 for i in range(n)]
    first = cache.read(ids)
    cache.keep(first)
    lengths = []
    first.decoder.prefill = lambda ids: lengths.append(len(ids))

    cache.read([*ids, 7])

    assert lengths == [n + 1 - n // 128 * 128]
