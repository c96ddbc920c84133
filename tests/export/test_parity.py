"""The comparison sees what it should, and nothing that is not finite passes."""

import numpy as np
import pytest

from alm.errors import IntegrityError
from alm.export.parity import EXACT, Bounds, compare, log_softmax

LOGITS = np.random.default_rng(0).normal(0, 3, (5, 40)).astype(np.float32)


def test_equal_logits_agree_whatever_is_added_to_all_of_them():
    found = compare([(LOGITS, LOGITS), (LOGITS, LOGITS + 7)])

    found.check(EXACT, "it")
    assert found.predictions == 10
    assert found.max_delta < 1e-6
    assert (found.same_top10, found.same_top1) == (1, 1)


def test_figures_are_those_of_two_distributions_by_hand():
    p, q = np.log([[0.5, 0.25, 0.25]]), np.log([[0.25, 0.5, 0.25]])

    found = compare([(p, q)])

    assert found.max_delta == pytest.approx(np.log(2))
    assert found.kl_divergence == pytest.approx(0.25 * np.log(2))
    assert found.same_top1 == 0


def test_a_tie_may_fall_either_way():
    one, other = LOGITS.copy(), LOGITS.copy()
    one[:, :2] = 9, 9 + 2e-5
    other[:, :2] = 9 + 2e-5, 9

    found = compare([(one, other)])

    found.check(EXACT, "it")
    assert (found.same_top10, found.same_top1) == (1, 1)


def test_two_of_the_ten_likeliest_swapped_are_seen():
    swapped = LOGITS.copy()
    first, second = np.argsort(-LOGITS[0])[3:5]
    swapped[0, [first, second]] = LOGITS[0, [second, first]]

    assert compare([(LOGITS, swapped)]).same_top10 == 0.8


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_passes_no_bound(value):
    wrong = LOGITS.copy()
    wrong[0, 0] = value
    with np.errstate(invalid="ignore"):
        found = compare([(LOGITS, wrong)])

    for bounds in (EXACT, Bounds(max_kl=1.0)):
        with pytest.raises(IntegrityError, match="expected it to predict as alm does, within "):
            found.check(bounds, "it")


def test_a_difference_above_the_bound_is_refused_with_its_size():
    wrong = LOGITS.copy()
    wrong[2, 5] += 3e-4

    with pytest.raises(IntegrityError, match=r"within max \|delta log p\| 0.0001, found .* 0.0003"):
        compare([(LOGITS, wrong)]).check(EXACT, "it")


def test_another_vocabulary_is_refused():
    with pytest.raises(IntegrityError, match=r"expected predictions of shape \(5, 40\)"):
        compare([(LOGITS, LOGITS[:, :-1])])


def test_log_probabilities_are_their_own():
    once = log_softmax(LOGITS)

    np.testing.assert_allclose(log_softmax(once), once, atol=1e-12)
    np.testing.assert_allclose(np.exp(once).sum(-1), 1)
