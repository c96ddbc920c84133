"""Rows: T + 1 tokens each, every token but the first a target once, up to the tail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.data import PackedDocument, Rows, TokenStream
from alm.errors import ConfigError


class FakeStream:
    """The numbers from 0, as a stream."""

    label = "the train split in packed"

    def __init__(self, n_tokens):
        self.n_tokens = n_tokens

    def read(self, start, stop):
        assert 0 <= start <= stop <= self.n_tokens
        return np.arange(start, stop, dtype=np.uint32)


def test_targets_are_inputs_moved_by_one():
    row = Rows(FakeStream(9), seq_len=4).rows([1])[0]

    assert row[:-1].tolist() == [4, 5, 6, 7]
    assert row[1:].tolist() == [5, 6, 7, 8]


@given(n_tokens=st.integers(2, 500), seq_len=st.integers(1, 60))
def test_every_token_but_the_first_is_a_target_once_up_to_a_short_tail(n_tokens, seq_len):
    if n_tokens <= seq_len:
        return
    rows = Rows(FakeStream(n_tokens), seq_len)

    targets = rows.rows(np.arange(len(rows)))[:, 1:].flatten()

    assert targets.tolist() == list(range(1, len(rows) * seq_len + 1))
    assert n_tokens - 1 - len(targets) < seq_len


def test_rows_come_in_the_order_asked_for_and_as_int64(write_packed, make_documents):
    stream = np.arange(100) * 3
    packed = write_packed(make_documents(stream, 40, 60), 40)

    rows = Rows(TokenStream(packed, "train"), seq_len=9).rows(np.array([10, 0, 4]))

    assert rows.dtype == np.int64
    assert rows.tolist() == [stream[9 * i : 9 * i + 10].tolist() for i in (10, 0, 4)]


def test_no_place_of_a_row_is_empty():
    assert Rows(FakeStream(12), seq_len=4).fill_rate == 1


def test_a_batch_has_the_number_of_each_inputs_document(write_packed, make_documents):
    packed = write_packed(make_documents(np.arange(100), 5, 1, 34, 60), 40)
    document_of = np.repeat(np.arange(4), (5, 1, 34, 60))

    batch = Rows(TokenStream(packed, "train"), seq_len=9).batch([0, 3, 4, 10])

    for tokens, documents in zip(batch.tokens_BT, batch.documents_BT, strict=True):
        own = document_of[tokens[:-1]]
        assert documents.tolist() == (own - own[0]).tolist()
    assert batch.documents_BT[0].tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 2]


def test_every_target_counts(write_packed, make_documents):
    packed = write_packed(make_documents(np.arange(100), 40, 60), 40)

    batch = Rows(TokenStream(packed, "train"), seq_len=9).batch(np.arange(11))

    assert batch.loss_mask_BT.all()
    assert batch.loss_mask_BT.shape == batch.documents_BT.shape == (11, 9)


def test_only_marked_tokens_count_where_there_is_a_loss_mask(write_packed):
    mask = np.arange(100) % 3 == 0
    documents = [
        PackedDocument(np.arange(40), 0, 1),
        PackedDocument(np.arange(40, 100), 0, 1, mask[40:]),
    ]

    batch = Rows(TokenStream(write_packed(documents, 40), "train"), 9).batch(np.arange(11))

    targets = batch.tokens_BT[:, 1:]
    assert batch.loss_mask_BT.tolist() == ((targets < 40) | (targets % 3 == 0)).tolist()


def test_largest_uint32_survives():
    stream = FakeStream(3)
    stream.read = lambda start, stop: np.array([2**32 - 1, 0, 5], dtype=np.uint32)

    assert Rows(stream, seq_len=2).rows([0]).tolist() == [[2**32 - 1, 0, 5]]


@pytest.mark.parametrize("i", [-1, 2])
def test_row_outside_is_refused(i):
    with pytest.raises(IndexError, match=rf"row {i} of 2 \(T=4\)"):
        Rows(FakeStream(9), seq_len=4).rows([0, i])


def test_no_rows_is_an_empty_answer():
    assert Rows(FakeStream(9), seq_len=4).rows([]).shape == (0, 5)


def test_stream_too_short_for_a_row_names_the_key():
    with pytest.raises(ConfigError, match=r"data\.seq_len is 512, but the train split .* 512 tok"):
        Rows(FakeStream(512), seq_len=512)
