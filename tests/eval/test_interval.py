"""Intervals by drawing documents again."""

import math

import numpy as np
import pytest

from alm.eval.interval import DRAWS, Costs, draw_documents, interval


def make(n, seed=0, bits=2.0, spread=0.5):
    """Documents of 50 to 400 bytes whose bits per byte vary around ``bits``."""
    rng = np.random.default_rng(seed)
    n_bytes = rng.integers(50, 400, n)
    nats = n_bytes * math.log(2) * rng.normal(bits, spread, n).clip(0.1)
    return Costs.of(nats, n_bytes)


def bits_of(costs):
    return costs.nats.sum() / math.log(2) / costs.bytes.sum()


def test_an_interval_holds_what_was_measured():
    low, high = interval([make(200)])

    assert low < bits_of(make(200)) < high


def test_its_width_is_that_of_the_standard_error_of_a_ratio():
    costs = make(400)
    rate = costs.nats.sum() / costs.bytes.sum()
    residual = costs.nats - rate * costs.bytes
    error = math.sqrt((residual**2).sum()) / costs.bytes.sum() / math.log(2)

    low, high = interval([costs])

    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_it_holds_the_truth_about_nineteen_times_in_twenty():
    """The truth is what a very large sample measures; 95 % of 120 samples is 114."""
    truth = bits_of(make(200_000, seed=1))

    intervals = [interval([make(60, seed=seed)]) for seed in range(2, 122)]

    held = sum(low <= truth <= high for low, high in intervals)
    assert 104 <= held <= 119


def test_four_times_the_documents_halve_it():
    narrow, wide = (np.diff(interval([make(n)]))[0] for n in (1600, 400))

    assert wide / narrow == pytest.approx(2, rel=0.2)


def test_documents_that_cost_the_same_per_byte_leave_no_doubt():
    n_bytes = np.arange(100, 120)
    low, high = interval([Costs.of(n_bytes * math.log(2), n_bytes)])

    assert (low, high) == (pytest.approx(1.0), pytest.approx(1.0))


def test_sources_are_drawn_apart():
    """Sources of very different costs are no reason for doubt where each is even."""
    n_bytes = np.full(50, 100)
    cheap, dear = (Costs.of(n_bytes * math.log(2) * bits, n_bytes) for bits in (1.0, 5.0))

    low, high = interval([cheap, dear])

    assert high - low < 1e-6
    assert low == pytest.approx(3.0)


def test_what_one_source_draws_tells_nothing_of_what_another_does():
    """Drawn alike, the rise of one would always make up for the fall of the other."""
    n_bytes = np.full(50, 100)
    rising = n_bytes * math.log(2) * np.linspace(1.0, 2.0, 50)
    one, other = Costs.of(rising, n_bytes), Costs.of(rising[::-1], n_bytes)
    error = math.sqrt(2 * np.var(rising) * 50) / (2 * 50 * 100) / math.log(2)

    low, high = interval([one, other])

    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_one_document_says_nothing_about_others():
    assert interval([make(1)]) is None
    assert interval([make(1), make(2)]) is not None


def test_draws_are_even_and_unrelated():
    n = 7
    rows = np.array([draw_documents(n, draw, 0) for draw in range(DRAWS)])

    counts = np.bincount(rows.ravel(), minlength=n)
    assert rows.min() == 0
    assert rows.max() == n - 1
    np.testing.assert_allclose(counts / counts.sum(), 1 / n, atol=0.02)
    assert abs(np.corrcoef(rows[:-1, 0], rows[1:, 0])[0, 1]) < 0.1
    assert len({tuple(row) for row in rows}) > 990


def test_the_draws_are_the_same_everywhere():
    """SplitMix64 from seed 0, as its authors' program prints it."""
    words = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]

    assert draw_documents(1000, 0, 0)[:4].tolist() == [word * 1000 >> 64 for word in words]
