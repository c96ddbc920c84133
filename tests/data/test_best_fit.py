"""BestFitRows: each token but its document's first is a target once, and little is padding."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.data import BestFitRows, DocumentIndex, TokenStream
from alm.data.batch import PADDING
from alm.data.best_fit import best_fit_decreasing
from alm.errors import ConfigError

PAD = 2**20


class FakeStream:
    """The numbers from 0, cut into documents; some of them are no targets."""

    label, pad_id = "the train split", PAD

    def __init__(self, lengths, ignored=()):
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
        n_docs = len(lengths)
        self.index = DocumentIndex(start, np.zeros(n_docs, np.uint16), np.zeros(n_docs, np.uint64))
        self.ignored = np.array(ignored, dtype=np.int64)

    def documents(self):
        return self.index

    def read(self, start, stop):
        assert 0 <= start <= stop <= self.index.start[-1]
        return np.arange(start, stop, dtype=np.uint32)

    def read_loss_mask(self, start, stop):
        return ~np.isin(np.arange(start, stop), self.ignored)


def all_of(rows):
    return rows.batch(np.arange(len(rows)))


def slow_best_fit(sizes, capacity):
    """The same rule with a plain list: the fullest bin with room, of equal ones the last used."""
    bins, free, used = {}, [], []
    for clock, item in enumerate(sorted(range(len(sizes)), key=lambda i: (-sizes[i], i))):
        fitting = [b for b in range(len(free)) if free[b] >= sizes[item]]
        if fitting:
            chosen = min(fitting, key=lambda b: (free[b], -used[b]))
        else:
            chosen = len(free)
            free.append(capacity)
            used.append(clock)
        bins[item] = chosen
        free[chosen] -= sizes[item]
        used[chosen] = clock
    return [bins[item] for item in range(len(sizes))]


@settings(max_examples=200)
@given(st.lists(st.integers(1, 20), max_size=40), st.integers(20, 30))
def test_bins_are_those_of_the_plain_algorithm(sizes, capacity):
    found = best_fit_decreasing(np.array(sizes, dtype=np.int64), capacity)

    assert found.tolist() == slow_best_fit(sizes, capacity)


documents = st.lists(st.integers(1, 40), min_size=1, max_size=30).filter(lambda x: max(x) > 1)


@settings(max_examples=200)
@given(lengths=documents, seq_len=st.integers(1, 15))
def test_each_token_but_its_documents_first_is_a_target_once_after_the_one_before(lengths, seq_len):
    batch = all_of(BestFitRows(FakeStream(lengths), seq_len))

    counted = batch.tokens_BT[:, 1:][batch.loss_mask_BT]
    before = batch.tokens_BT[:, :-1][batch.loss_mask_BT]

    first = np.cumsum([0, *lengths])
    assert sorted(counted.tolist()) == sorted(set(range(first[-1])) - set(first.tolist()))
    assert (counted == before + 1).all()


@settings(max_examples=100)
@given(lengths=documents, seq_len=st.integers(1, 15))
def test_documents_are_numbered_within_their_row_and_padding_with_none_comes_last(lengths, seq_len):
    batch = all_of(BestFitRows(FakeStream(lengths), seq_len))
    document_of = np.repeat(np.arange(len(lengths)), lengths)

    for tokens, numbers, mask in zip(
        batch.tokens_BT, batch.documents_BT, batch.loss_mask_BT, strict=True
    ):
        n_real = int((tokens != PAD).sum())
        assert (tokens[n_real:] == PAD).all()
        assert not mask[n_real - 1 :].any() or n_real > seq_len
        real = document_of[tokens[:n_real]][:seq_len]
        assert numbers[: len(real)].tolist() == np.unique(real, return_inverse=True)[1].tolist()
        assert (numbers[n_real:] == PADDING).all()


def test_a_long_document_fills_rows_that_share_a_token_and_leaves_a_piece():
    rows = BestFitRows(FakeStream([3, 11, 2]), seq_len=4)

    batch = all_of(rows)

    assert batch.tokens_BT.tolist() == [
        [3, 4, 5, 6, 7],
        [7, 8, 9, 10, 11],
        [0, 1, 2, PAD, PAD],
        [11, 12, 13, 14, 15],
    ]
    assert batch.documents_BT.tolist() == [[0] * 4, [0] * 4, [0, 0, 0, PADDING], [0, 0, 0, 1]]
    assert batch.loss_mask_BT.astype(int).tolist() == [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 0, 0],
        [1, 1, 0, 1],
    ]


def test_only_marked_tokens_are_targets():
    batch = all_of(BestFitRows(FakeStream([3, 11, 2], ignored=[1, 7, 13, 15]), seq_len=4))

    assert batch.tokens_BT[:, 1:][batch.loss_mask_BT].tolist() == [4, 5, 6, 8, 9, 10, 11, 2, 12]


def test_rows_are_read_by_number_in_the_order_asked_for():
    rows = BestFitRows(FakeStream([3, 11, 2, 40]), seq_len=4)
    whole = all_of(rows)

    batch = rows.batch([5, 0, 3])

    for name, array in vars(whole).items():
        assert np.array_equal(getattr(batch, name), array[[5, 0, 3]])


def test_tokens_come_from_the_shards(write_packed, make_documents):
    packed = write_packed(make_documents(np.arange(100) + 4, 30, 61, 9), 40)

    batch = all_of(BestFitRows(TokenStream(packed, "train"), seq_len=30))

    tokens = batch.tokens_BT
    assert tokens.dtype == np.int64
    assert tokens[0].tolist() == list(range(34, 65))  # 61 tokens: two rows, and nothing is left
    assert tokens[1].tolist() == list(range(64, 95))
    assert tokens[2].tolist() == [*range(4, 34), 0]
    assert tokens[3].tolist() == [*range(95, 104), *([0] * 22)]


def lognormal(n):
    return np.minimum(np.random.default_rng(1).lognormal(6, 1, n).astype(int) + 2, 50_000)


@pytest.mark.parametrize("seq_len", [512, 2048])
def test_rows_of_a_realistic_corpus_are_full(seq_len):
    rows = BestFitRows(FakeStream(lognormal(20_000)), seq_len)

    batch = rows.batch(np.arange(len(rows) - 200, len(rows)))

    assert rows.fill_rate >= 0.999
    assert (batch.tokens_BT != PAD).mean() >= 0.99  # the last of them are the emptiest


def test_fill_rate_is_the_share_of_places_that_hold_a_token():
    rows = BestFitRows(FakeStream([3, 11, 2, 7, 7, 7]), seq_len=4)

    assert rows.fill_rate == (all_of(rows).tokens_BT != PAD).mean() < 1


def test_windows_are_packed_each_by_itself(monkeypatch):
    lengths = lognormal(300)
    monkeypatch.setattr("alm.data.best_fit.WINDOW", 100)

    rows = BestFitRows(FakeStream(lengths), 2048)

    first = all_of(rows).tokens_BT[rows._n_full :, 0]
    windows = np.searchsorted(np.cumsum(lengths), first, side="right") // 100
    assert windows.tolist() == sorted(windows.tolist())
    assert set(windows.tolist()) == {0, 1, 2}


def test_a_giant_document_takes_no_longer_than_a_small_one():
    def seconds(length):
        start = time.process_time()
        rows = BestFitRows(FakeStream([length]), 8)
        rows.batch([len(rows) - 1])
        return time.process_time() - start

    assert seconds(10**9) < seconds(10**3) + 0.05


def test_memory_is_a_few_dozen_bytes_per_document():
    rows = BestFitRows(FakeStream(lognormal(20_000)), 512)

    arrays = [value for value in vars(rows).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) <= 40 * 20_000


@pytest.mark.parametrize("i", [-1, 4])
def test_row_outside_is_refused(i):
    with pytest.raises(IndexError, match=rf"row {i} of 4 \(T=4\)"):
        BestFitRows(FakeStream([3, 11, 2]), seq_len=4).batch([0, i])


def test_no_rows_is_an_empty_answer():
    assert BestFitRows(FakeStream([5]), seq_len=4).batch([]).tokens_BT.shape == (0, 5)


def test_documents_of_one_token_leave_nothing_to_predict():
    with pytest.raises(ConfigError, match="the train split has no document of two tokens"):
        BestFitRows(FakeStream([1, 1, 1]), seq_len=4)


def test_a_window_without_pieces_is_passed_over(monkeypatch):
    monkeypatch.setattr("alm.data.best_fit.WINDOW", 2)
    lengths = [3, 2, 1, 5, 1, 1, 3, 3]

    batch = all_of(BestFitRows(FakeStream(lengths), seq_len=4))

    first = set(np.cumsum([0, *lengths]).tolist())
    counted = batch.tokens_BT[:, 1:][batch.loss_mask_BT].tolist()
    assert sorted(counted) == sorted(set(range(sum(lengths))) - first)
