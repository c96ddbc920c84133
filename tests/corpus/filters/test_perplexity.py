"""perplexity: Witten-Bell on bytes, against the formula written down in dictionaries."""

from collections import Counter, defaultdict
from fractions import Fraction
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.corpus.filters import ONE_BIT, ByteModel, find_cut
from alm.corpus.filters import perplexity as module
from alm.errors import InputError

BYTES = st.text(st.sampled_from("ab cé"), min_size=1, max_size=30).map(str.encode)
GAP = bytes(4)


def score_slowly(train, text):
    """Bits per byte of a text, in exact fractions."""
    data = b"".join(each + GAP for each in train)
    counts, followers = Counter(), defaultdict(set)
    for end in range(1, len(data) + 1):
        for order in range(6):
            gram = (GAP + data)[end + 4 - order : end + 4]
            counts[gram] += 1
            if order:
                followers[gram[:-1]].add(gram[-1])
    bits = 0.0
    whole = GAP + text
    for i in range(4, len(whole)):
        p = Fraction(1, 256)
        for length in range(5):
            context = whole[i - length : i]
            kinds = len(followers[context])
            if counts[context]:
                known = counts[context + whole[i : i + 1]]
                p = (known + kinds * p) / (counts[context] + kinds)
        bits -= log2(p)
    return bits / len(text)


@settings(max_examples=30)
@given(st.lists(BYTES, min_size=1, max_size=4), st.lists(BYTES, min_size=1, max_size=3))
def test_scores_are_those_of_the_formula(train, texts):
    scores = ByteModel.fit(train).score(texts) / ONE_BIT

    assert list(scores) == pytest.approx([score_slowly(train, text) for text in texts], abs=1e-3)


def test_neighbours_change_no_score(real_texts):
    data = [text.encode() for text in real_texts]
    model = ByteModel.fit(data[:2])

    assert list(model.score(data)) == [int(model.score([text])[0]) for text in data]


def test_pieces_change_no_count(real_texts, monkeypatch):
    data = [text.encode() for text in real_texts]
    whole = ByteModel.fit(data)
    monkeypatch.setattr(module, "PIECE_BYTES", 1000)

    pieces = ByteModel.fit(data)

    assert all(map(np.array_equal, whole.counts, pieces.counts))
    assert all(map(np.array_equal, whole.kinds, pieces.kinds))


def test_what_is_like_the_reference_costs_least(real_texts):
    code, more_code, _, prose, *_ = [text.encode() for text in real_texts]
    noise = bytes(33 + i * 7919 % 94 for i in range(2000))

    like, other, strange = ByteModel.fit([code]).score([more_code, prose, noise]) / ONE_BIT

    assert like < other < strange


def test_table_of_bits_is_a_logarithm_to_three_decimal_places():
    p = np.concatenate([np.arange(1, 10_001) / 10_000, [2.0**-40, 1 / 3e9]])

    assert np.abs(module._to_bits(p) / ONE_BIT + np.log2(p)).max() < 1e-3


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(InputError, match="found none"):
        ByteModel.fit([])


@pytest.mark.parametrize(
    ("percentile", "n_kept"), [(100.0, 10), (90.0, 9), (85.0, 9), (0.1, 1), (50.0, 5)]
)
def test_cut_keeps_a_share_rounded_up(percentile, n_kept):
    scores = np.array([5, 3, 9, 1, 7, 2, 8, 4, 6, 10]) * ONE_BIT

    assert (scores <= find_cut(scores, percentile)).sum() == n_kept


def test_scores_equal_to_the_cut_are_kept():
    scores = np.array([1, 2, 2, 2, 3])

    assert (scores <= find_cut(scores, 40.0)).sum() == 4
