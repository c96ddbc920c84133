"""Batch: split into equal parts and cut into shorter rows, it says the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.data import Batch
from alm.data.batch import PADDING


def make_batch(n_rows=4, seq_len=12):
    tokens = np.arange(n_rows * (seq_len + 1)).reshape(n_rows, -1)
    documents = np.cumsum(tokens[:, :-1] % 5 == 0, axis=1, dtype=np.int32)
    return Batch(tokens, documents - documents[:, :1], tokens[:, 1:] % 3 > 0)


def targets_of(batch):
    """Return every target that counts, with the token before it, in order."""
    before, after = batch.tokens_BT[:, :-1], batch.tokens_BT[:, 1:]
    return np.stack([before[batch.loss_mask_BT], after[batch.loss_mask_BT]]).T.tolist()


def test_batch_knows_its_rows_inputs_and_targets():
    batch = make_batch(n_rows=2, seq_len=3)  # the targets are 1, 2, 3, 5, 6, 7

    assert (len(batch), batch.seq_len, batch.n_targets) == (2, 3, 4)


@pytest.mark.parametrize("n_parts", [1, 2, 4])
def test_parts_joined_again_are_the_whole(n_parts):
    batch = make_batch()

    parts = batch.split(n_parts)
    joined = Batch.join(parts)

    assert [len(part) for part in parts] == [4 // n_parts] * n_parts
    for name, array in vars(batch).items():
        assert np.array_equal(getattr(joined, name), array)


@pytest.mark.parametrize("n_parts", [0, 3, 8])
def test_unequal_parts_are_refused(n_parts):
    with pytest.raises(ValueError, match=f"divisor of 4 rows, found {n_parts}"):
        make_batch().split(n_parts)


@given(seq_len=st.sampled_from([1, 2, 3, 4, 6, 12]), n_rows=st.integers(1, 5))
def test_shorter_rows_have_the_same_targets_in_the_same_order(seq_len, n_rows):
    batch = make_batch(n_rows)

    short = batch.cut(seq_len)

    assert short.tokens_BT.shape == (n_rows * 12 // seq_len, seq_len + 1)
    assert short.documents_BT.shape == short.loss_mask_BT.shape == (len(short), seq_len)
    assert targets_of(short) == targets_of(batch)


@given(seq_len=st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_documents_begin_where_they_did_and_are_counted_from_0_in_each_row(seq_len):
    batch = make_batch()

    short = batch.cut(seq_len)

    assert (short.documents_BT[:, 0] == 0).all()
    steps = np.diff(batch.documents_BT, axis=1, prepend=0).reshape(-1, seq_len)[:, 1:]
    assert np.diff(short.documents_BT, axis=1).tolist() == steps.tolist()


def test_padding_is_none_of_the_documents_of_shorter_rows_either():
    documents = np.array([[0, 0, 1, PADDING, PADDING, PADDING]], np.int32)
    batch = Batch(np.arange(7)[None], documents, np.ones((1, 6), bool))

    short = batch.cut(2)

    assert short.documents_BT.tolist() == [[0, 0], [0, PADDING], [PADDING, PADDING]]
    assert short.is_token_BT.tolist() == [[True, True], [True, False], [False, False]]


@pytest.mark.parametrize("seq_len", [0, 5, 24])
def test_a_length_that_does_not_divide_is_refused(seq_len):
    with pytest.raises(ValueError, match=f"divisor of T=12, found {seq_len}"):
        make_batch().cut(seq_len)
