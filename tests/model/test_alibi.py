"""ALiBi: the published slopes, and scores that fall with distance, head by head."""

import math

import pytest
import torch

from alm.model.alibi import penalty, slopes
from alm.model.attention import attend
from alm.model.blocked import blocked_attention
from alm.model.sight import Sight

T = 9


def published(n):
    """Follow the authors' code (github.com/ofirpress/attention_with_linear_biases)."""
    if math.log2(n).is_integer():
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]
    closest = 2 ** math.floor(math.log2(n))
    return published(closest) + published(2 * closest)[0::2][: n - closest]


def test_slopes_of_eight_heads_are_the_papers():
    assert slopes(8) == tuple(1 / 2**i for i in range(1, 9))


@pytest.mark.parametrize("n_heads", range(1, 34))
def test_slopes_of_any_number_of_heads_are_the_authors(n_heads):
    assert slopes(n_heads) == pytest.approx(published(n_heads), rel=1e-12)


def test_penalty_is_the_slope_times_the_distance():
    distance_TP = torch.tensor([[0, -1, -2], [1, 0, -1], [2, 1, 0]])

    assert penalty(distance_TP, (0.5, 0.25)).tolist() == [
        [[0, 0, 0], [-0.5, 0, 0], [-1, -0.5, 0]],
        [[0, 0, 0], [-0.25, 0, 0], [-0.5, -0.25, 0]],
    ]


@pytest.mark.parametrize("attention", [attend, blocked_attention])
def test_of_equal_keys_the_nearer_counts_more_in_each_head_by_its_own_slope(attention):
    """Regression: once it rewarded distance, and one head's slope went to another row."""
    q_BTNH, k_BTGH = torch.ones(2, T, 4, T), torch.zeros(2, T, 2, T)
    v_BTGH = torch.eye(T).view(1, T, 1, T).expand(2, T, 2, T)  # what comes out is the weights
    sight = Sight(0, T, torch.device("cpu"), slopes_N=slopes(4))

    weights_BTNP = attention(q_BTNH, k_BTGH, v_BTGH, 1.0, sight)

    for t in range(T):
        for n, slope in enumerate((1 / 4, 1 / 16, 1 / 64, 1 / 256)):
            expected = [math.exp(-slope * (t - p)) if p <= t else 0 for p in range(T)]
            expected = torch.tensor(expected) / sum(expected)
            torch.testing.assert_close(weights_BTNP[:, t, n], expected.expand(2, T))
