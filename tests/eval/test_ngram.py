"""N-gram counts and modified Kneser-Ney: exact, normalised, equal to a slow reading."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from pydantic import ValidationError

from alm.config import EvaluateConfig
from alm.errors import ConfigError, InputError
from alm.eval.ngram import (
    BOUNDARY,
    FALLBACK,
    MAX_ORDER,
    SYMBOLS,
    Counts,
    KneserNey,
    estimate_discounts,
    pack_ngrams,
)

TRAIN = [b"the cat sat on the mat", b"the dog sat", b"", b"a rat ate the cat's hat\n", b"\xff\x00"]
HELD_OUT = [b"the hat sat on a dog", b"", b"\x00zebra\xff\n"]


def unpack(ngram, order):
    digits = []
    for _ in range(order):
        ngram, digit = divmod(int(ngram), SYMBOLS)
        digits.append(digit)
    return tuple(reversed(digits))


def slow_ngrams(text, order):
    symbols = [BOUNDARY] * (order - 1) + list(text) + [BOUNDARY]
    return [tuple(symbols[i : i + order]) for i in range(len(text) + 1)]


class SlowKneserNey:
    """The formula read aloud, with dictionaries of tuples."""

    def __init__(self, texts, order):
        self.order = order
        seen = Counter(g for text in texts for g in slow_ngrams(text, order))
        self.counts = {order: seen}
        for k in range(order - 1, 0, -1):
            left = defaultdict(set)
            for gram in self.counts[k + 1]:
                left[gram[1:]].add(gram[0])
            plain = Counter(g for text in texts for g in slow_ngrams(text, k))
            self.counts[k] = {
                g: plain[g] if k > 1 and g[0] == BOUNDARY else len(left[g]) for g in left
            }

    def discount(self, k, count):
        n = Counter(self.counts[k].values())
        d = [0.5, 1.0, 1.5]
        if n[1] and n[2] and n[3]:
            y = n[1] / (n[1] + 2 * n[2])
            got = [1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
            d = got if all(0 < x <= i + 1 for i, x in enumerate(got)) else d
        return [0.0, *d][min(count, 3)]

    def probability(self, gram):
        if not gram:
            return 1 / SYMBOLS
        k, lower = len(gram), self.probability(gram[1:])
        siblings = [c for g, c in self.counts[k].items() if g[:-1] == gram[:-1]]
        if not siblings:
            return lower
        count = self.counts[k].get(gram, 0)
        reserved = sum(self.discount(k, c) for c in siblings)
        return (count - self.discount(k, count) + reserved * lower) / sum(siblings)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 7])
def test_packing_agrees_with_tuples(order):
    packed = pack_ngrams(TRAIN, order)

    assert [unpack(g, order) for g in packed] == [g for t in TRAIN for g in slow_ngrams(t, order)]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_counts_are_exact_however_the_text_is_cut(order):
    expected = Counter(g for text in TRAIN for g in slow_ngrams(text, order))

    for piece_bytes in (1, 20, 1 << 20):
        counts = Counts.of(iter(TRAIN), order, piece_bytes)
        grams = [unpack(g, order) for g in counts.ngrams]
        assert dict(zip(grams, counts.times.tolist(), strict=True)) == expected


def test_shortened_counts_are_those_of_the_shorter_order():
    short, direct = Counts.of(TRAIN, 5).shorten(3), Counts.of(TRAIN, 3)

    np.testing.assert_array_equal(short.ngrams, direct.ngrams)
    np.testing.assert_array_equal(short.times, direct.times)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_equal_the_slow_reading(order):
    fast, slow = KneserNey(Counts.of(TRAIN, order)), SlowKneserNey(TRAIN, order)

    for text, nats in zip(HELD_OUT, fast.nats(HELD_OUT), strict=True):
        expected = -sum(math.log(slow.probability(g)) for g in slow_ngrams(text, order))
        assert nats == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("context", [b"the ", b"zzzz", b" sat", b"\x00\x00\xff\xff", b"t"])
@pytest.mark.parametrize("order", [1, 3, 5])
def test_probabilities_over_all_symbols_sum_to_one(order, context):
    model = KneserNey(Counts.of(TRAIN, order))
    at_start = pack_ngrams([context], order)[0]

    for last in (pack_ngrams([context], order)[len(context) - 1], at_start):
        ngrams = last - last % np.uint64(SYMBOLS) + np.arange(SYMBOLS, dtype=np.uint64)
        p = model.probabilities(ngrams)
        assert p.sum() == pytest.approx(1, abs=1e-12)
        assert p.min() > 0


def test_estimated_discounts_are_those_of_the_formula():
    times = np.repeat([1, 2, 3, 4, 9], [40, 10, 5, 2, 7])

    y = 40 / 60
    expected = [0, 1 - 2 * y * 10 / 40, 2 - 3 * y * 5 / 10, 3 - 4 * y * 2 / 5]
    np.testing.assert_allclose(estimate_discounts(times), expected)


@pytest.mark.parametrize("times", [[1, 1, 2], [5, 6], [1, 2, 2, *[3] * 9]], ids=str)
def test_counts_that_estimate_nothing_get_fixed_discounts(times):
    assert estimate_discounts(np.array(times)).tolist() == [0, *FALLBACK]


def test_estimated_discounts_beat_fixed_ones_on_repetitive_text(monkeypatch):
    texts = [f"{a} plus {b} is {a + b}; ".encode() * 3 for a in range(40) for b in range(7)]
    estimated = KneserNey(Counts.of(texts[::2], 5)).nats(texts[1::2]).sum()
    monkeypatch.setattr("alm.eval.ngram.estimate_discounts", lambda _: np.array([0, *FALLBACK]))

    assert estimated < KneserNey(Counts.of(texts[::2], 5)).nats(texts[1::2]).sum()


def test_longer_memory_helps_where_text_repeats():
    text = [b"abcabdabcabe" * 50]

    nats = [KneserNey(Counts.of(text, order)).nats(text).sum() for order in (1, 2, 3, 5)]

    assert nats == sorted(nats, reverse=True)


def test_text_cannot_lean_on_its_neighbour():
    model = KneserNey(Counts.of(TRAIN, 5))

    together = model.nats([b"the cat", b"sat on"])

    assert together[1] == model.nats([b"sat on"])[0]


def test_order_beyond_64_bits_names_the_key():
    with pytest.raises(ConfigError, match="order 7 at most, found 8 in evaluate.ngram_orders"):
        Counts.of(TRAIN, 8)


def test_no_text_is_refused():
    with pytest.raises(InputError, match="found none in the train split"):
        Counts.of([], 3)


def test_orders_that_params_may_ask_for_are_those_that_fit():
    rest = {"tasks": (), "task_examples": 1, "task_samples": 1}
    EvaluateConfig(max_bytes=1, limits={}, ngram_orders=(MAX_ORDER,), batch_size=1, **rest)

    with pytest.raises(ValidationError):
        EvaluateConfig(max_bytes=1, limits={}, ngram_orders=(MAX_ORDER + 1,), batch_size=1, **rest)
