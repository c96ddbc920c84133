"""Sampling: every limit against a slow one, the order, and draws that remember nothing."""

import math
from collections import Counter
from itertools import accumulate

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from alm.infer import choose_token, uniform
from alm.infer.sampler import draw, keep_min_p, keep_top_k, keep_top_p, likeliest

# Eighths, many of them equal: ties are where implementations differ.
scores = st.lists(st.integers(-40, 40).map(lambda i: i / 8), min_size=1, max_size=12)
shares = st.integers(1, 999).map(lambda i: i / 1000)


def probabilities(logits):
    weights = [math.exp(x - max(logits)) for x in logits]
    return [w / math.fsum(weights) for w in weights]


def by_likelihood(logits):
    return sorted(range(len(logits)), key=lambda i: (-logits[i], i))


def kept(logits_V):
    return [i for i, x in enumerate(logits_V.tolist()) if x > -math.inf]


@given(scores, st.integers(1, 14))
def test_top_k_keeps_the_k_likeliest_and_the_lower_id_of_equals(logits, k):
    assert kept(keep_top_k(torch.tensor(logits), k)) == sorted(by_likelihood(logits)[:k])


@given(scores, shares)
def test_top_p_keeps_the_smallest_set_that_reaches_p(logits, p):
    chosen, mass = [], 0.0
    for i in by_likelihood(logits):
        assume(abs(mass - p) > 1e-9)  # too close to tell by other sums
        if mass >= p:
            break
        chosen.append(i)
        mass += probabilities(logits)[i]

    assert kept(keep_top_p(torch.tensor(logits), p)) == sorted(chosen)


def test_top_p_takes_the_lower_ids_of_very_many_equals():
    assert kept(keep_top_p(torch.zeros(4096), 0.25)) == list(range(1024))


def sort_everything(logits_V, p):
    """Keep what top-p keeps by a sort of the whole vocabulary."""
    sorted_V, order_V = logits_V.double().softmax(0).sort(descending=True, stable=True)
    n_kept = int((sorted_V.cumsum(0) < p).sum()) + 1
    return sorted(order_V[:n_kept].tolist())


@given(
    n_vocab=st.sampled_from([255, 256, 257, 3000, 5000]),
    spread=st.sampled_from([0.0, 0.01, 1.0, 3.0, 10.0]),
    step=st.sampled_from([0.0, 0.5]),
    p=shares | st.sampled_from([1e-9, 0.999999]),
    seed=st.integers(0, 99),
)
def test_top_p_without_a_full_sort_keeps_what_it_keeps_with_one(n_vocab, spread, step, p, seed):
    """Wide and flat, many equal or none: the set may end among the first tokens or the last."""
    logits_V = torch.randn(n_vocab, generator=torch.Generator().manual_seed(seed)) * spread
    if step:
        logits_V = (logits_V / step).round() * step

    assert kept(keep_top_p(logits_V, p)) == sort_everything(logits_V, p)


def test_top_p_looks_further_where_the_first_few_do_not_quite_reach():
    assert kept(keep_top_p(torch.zeros(4096), 256.1 / 4096)) == list(range(257))


def test_top_p_of_a_large_vocabulary_looks_at_a_few_tokens(monkeypatch):
    looked_at, topk = [], torch.Tensor.topk
    monkeypatch.setattr(
        torch.Tensor, "topk", lambda scores_V, k: looked_at.append(k) or topk(scores_V, k)
    )

    keep_top_p(torch.arange(32_000.0) / 10, 0.95)

    assert looked_at == [256]


def test_top_p_of_what_top_k_left_keeps_no_more():
    logits_V = torch.full((5000,), -math.inf).index_fill(0, torch.tensor([7, 4000]), 1.0)

    assert kept(keep_top_p(logits_V, 0.999)) == [7, 4000]


@given(scores, st.integers(0, 12))
def test_the_likeliest_come_in_falling_order_and_equals_by_id(logits, k):
    k = min(k, len(logits))

    assert likeliest(torch.tensor(logits), k).tolist() == by_likelihood(logits)[:k]


@given(scores, shares)
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(logits, p):
    ratios = [math.exp(x - max(logits)) for x in logits]
    assume(all(abs(ratio - p) > 1e-9 for ratio in ratios))

    assert kept(keep_min_p(torch.tensor(logits), p)) == [
        i for i, ratio in enumerate(ratios) if ratio >= p
    ]


@given(scores, st.floats(0, 1, exclude_max=True))
def test_draw_is_the_inverse_of_the_cumulative_distribution(logits, chance):
    mass = list(accumulate(probabilities(logits)))
    assume(all(abs(each - chance) > 1e-9 for each in mass))

    drawn = draw(torch.tensor(logits), chance)

    assert drawn == next((i for i, each in enumerate(mass) if each > chance), len(mass) - 1)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1 - 2**-53], ids=str)
def test_no_chance_draws_a_token_that_was_removed(chance):
    logits_V = torch.tensor([-math.inf, 1.0, -math.inf, 1.0, -math.inf])

    assert draw(logits_V, chance) in (1, 3)


@pytest.mark.parametrize(
    "change",
    [{"top_k": 1}, {"top_p": 1e-9}, {"min_p": 1.0}, {"temperature": 1e-6}],
    ids=lambda change: next(iter(change)),
)
def test_every_limit_at_its_end_leaves_the_likeliest(make_config, change):
    logits_V = torch.tensor([0.0, 2.0, 1.9, -1.0])

    drawn = {choose_token(logits_V, [], make_config(**change), i / 50) for i in range(50)}

    assert drawn == {1}


def test_limits_at_rest_change_nothing(make_config):
    logits_V = torch.tensor([0.3, -2.0, 1.0])

    for i in range(20):
        assert choose_token(logits_V, [0, 1], make_config(), i / 20) == draw(logits_V, i / 20)


def test_temperature_comes_before_the_limits(make_config):
    logits_V = torch.tensor([2.0, 1.0, 0.0])  # 0.67, 0.24, 0.09; at temperature 4: 0.41, 0.32, 0.27
    config = make_config(temperature=4.0, top_p=0.6)

    drawn = {choose_token(logits_V, [], config, i / 50) for i in range(50)}

    assert drawn == {0, 1}  # the other way round, token 0 alone reaches 0.6


def test_penalty_comes_before_temperature_and_the_limits(make_config):
    logits_V = torch.tensor([2.0, 1.5, -4.0])
    config = make_config(repetition_penalty=4.0, top_k=1)

    assert choose_token(logits_V, [0], config, 0.5) == 1


def test_presence_and_frequency_look_at_new_tokens_only(make_config):
    logits_V = torch.tensor([1.0, 0.9])

    for penalty in ("presence_penalty", "frequency_penalty"):
        config = make_config(**{penalty: 1.0})
        assert choose_token(logits_V, [0, 0], config, None, n_prompt=2) == 0
        assert choose_token(logits_V, [1, 0], config, None, n_prompt=1) == 1


def test_top_p_counts_what_top_k_left(make_config):
    logits_V = torch.zeros(10)
    config = make_config(top_k=4, top_p=0.5)

    drawn = {choose_token(logits_V, [], config, i / 50) for i in range(50)}

    assert drawn == {0, 1}  # half of the four, not of the ten


def test_without_chance_the_likeliest_is_taken_after_the_penalty(make_config):
    logits_V = torch.tensor([2.0, 1.9, 1.9])

    assert choose_token(logits_V, [], make_config(temperature=9.0), None) == 0
    assert choose_token(logits_V, [0], make_config(repetition_penalty=2.0), None) == 1


@pytest.mark.parametrize("change", ["temperature", "repetition_penalty"])
def test_what_overflows_leaves_the_likeliest(make_config, change):
    logits_V = torch.tensor([2.0, 3.0, -1.0])

    config = make_config(**{change: 1e-40})

    assert choose_token(logits_V, [1], config, 0.99) == 1


def test_draws_follow_the_distribution(make_config):
    logits_V = torch.tensor([1.0, 0.0, -1.0, -3.0])
    n = 4000

    counts = Counter(
        choose_token(logits_V, [], make_config(), uniform(5, 0, position)) for position in range(n)
    )

    expected = [n * p for p in probabilities(logits_V.tolist())]
    chi_squared = sum((counts[i] - e) ** 2 / e for i, e in enumerate(expected))
    assert chi_squared < 16.3  # 99.9 % of fair draws, 3 degrees of freedom


def test_chance_is_a_pure_function_of_seed_sequence_and_position():
    numbers = [uniform(s, q, p) for s in range(8) for q in range(8) for p in range(8)]

    assert numbers == [uniform(s, q, p) for s in range(8) for q in range(8) for p in range(8)]
    assert len(set(numbers)) == 512
    assert all(0 <= number < 1 for number in numbers)


def test_chance_is_the_same_on_every_machine():
    assert uniform(1337, 2, 17) == 0.7470521599446767


def test_seeds_of_63_bits_are_told_apart():
    assert uniform(2**63 - 1, 0, 0) != uniform(2**63 - 2, 0, 0)
