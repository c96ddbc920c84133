"""Penalties and bias: each against a slow one."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alm.infer.penalties import add_bias, penalize_counts, penalize_repeats

# Eighths: exact in float32, as are their sums.
numbers = st.integers(-16, 16).map(lambda i: i / 8)
scores = st.lists(st.integers(-40, 40).map(lambda i: i / 8), min_size=12, max_size=12)
tokens = st.lists(st.integers(0, 11), max_size=8)


@given(scores, tokens, st.sampled_from([0.5, 1.0, 1.25, 2.0]))
def test_repeats_divide_positive_scores_and_multiply_negative_ones_once(logits, said, penalty):
    changed = penalize_repeats(torch.tensor(logits), said, penalty).tolist()

    for i, (before, after) in enumerate(zip(logits, changed, strict=True)):
        factor = (1 / penalty if before > 0 else penalty) if i in said else 1
        assert after == pytest.approx(before * factor)


@given(scores, tokens, numbers, numbers)
def test_presence_counts_once_and_frequency_every_time(logits, said, presence, frequency):
    changed = penalize_counts(
        torch.tensor(logits), said, presence=presence, frequency=frequency
    ).tolist()

    assert changed == [
        score - said.count(i) * frequency - float(said.count(i) > 0) * presence
        for i, score in enumerate(logits)
    ]


@given(scores, st.dictionaries(st.integers(0, 11), numbers))
def test_bias_is_added_to_the_tokens_that_it_names(logits, bias):
    changed = add_bias(torch.tensor(logits), bias).tolist()

    assert changed == [score + bias.get(i, 0) for i, score in enumerate(logits)]


def test_bias_of_minus_infinity_forbids():
    assert add_bias(torch.zeros(3), {1: -math.inf}).tolist() == [0, -math.inf, 0]


def test_the_scores_that_were_given_stay_as_they_are():
    logits_V = torch.tensor([1.0, 2.0])

    penalize_repeats(logits_V, [0], 2.0)
    penalize_counts(logits_V, [0], presence=1.0, frequency=1.0)
    add_bias(logits_V, {0: 1.0})

    assert logits_V.tolist() == [1.0, 2.0]
