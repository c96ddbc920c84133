"""Sight: which keys a mask lets through, and when none is needed."""

import pytest
import torch

from alm.model.sight import Sight

CPU = torch.device("cpu")
DOCUMENTS_BT = torch.tensor([[0, 0, 1, 1, 2], [0, 1, 1, 1, 1]])


def seen(mask):
    """Write the keys of each query, as digits."""
    return ["".join(str(p) for p, visible in enumerate(row) if visible) for row in mask.tolist()]


def test_token_sees_itself_and_what_precedes_it_in_the_window():
    assert seen(Sight(0, 5, CPU, window=2).mask) == ["0", "01", "12", "23", "34"]


def test_window_reaches_into_the_past():
    assert seen(Sight(3, 2, CPU, window=3).mask) == ["123", "234"]
    assert seen(Sight(3, 1, CPU, window=3).mask) == ["123"]


def test_new_tokens_behind_a_past_see_it_and_not_each_other_s_future():
    assert seen(Sight(2, 3, CPU).mask) == ["012", "0123", "01234"]


def test_token_sees_its_own_document_only():
    mask = Sight(0, 5, CPU, documents_BT=DOCUMENTS_BT).mask

    assert seen(mask[0, 0]) == ["0", "01", "2", "23", "4"]
    assert seen(mask[1, 0]) == ["0", "1", "12", "123", "1234"]


def test_alibi_s_mask_says_by_how_much_and_hides_the_rest():
    sight = Sight(1, 2, CPU, window=2, slopes_N=(0.5, 0.25))

    hidden = float("-inf")
    first = [[-0.5, 0, hidden], [hidden, -0.5, 0]]
    second = [[-0.25, 0, hidden], [hidden, -0.25, 0]]
    assert sight.mask.tolist() == [[first, second]]


@pytest.mark.parametrize("n_past", [0, 4])
def test_no_mask_is_made_where_a_single_token_sees_everything(n_past):
    assert Sight(n_past, 1, CPU).mask is None


def test_window_as_long_as_the_text_is_none():
    assert Sight(2, 3, CPU, window=5).window is None
    assert Sight(2, 3, CPU, window=4).window == 4


def test_causal_order_alone_needs_no_mask():
    sight = Sight(0, 5, CPU)

    assert sight.is_causal
    assert sight.mask is None
    assert not Sight(1, 4, CPU).is_causal
    assert not Sight(0, 5, CPU, window=3).is_causal
