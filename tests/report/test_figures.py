"""Figures: short, rounded once, the same on every machine."""

import math

import pytest

from alm.report.figures import bits, number, ratio, share, short, signed, size, tick, whole


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7, "7"), (999, "999"), (1000, "1.00 k"), (12345, "12.3 k"), (1218688, "1.22 M")]
    + [
        (999_499, "999 k"),
        (999_600, "1.00 M"),
        (4.33e8, "433 M"),
        (2e10, "20.0 B"),
        (3e12, "3.00 T"),
    ],
)
def test_short_counts(value, text):
    assert plain(short(value)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1310000, "1.31 MB"), (4.9e9, "4.90 GB")]
)
def test_sizes(value, text):
    assert plain(size(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.23456, "1.235"), (12.3456, "12.35"), (0.00123456, "0.001235"), (18384.2, "18,380")]
    + [(9.9996, "10.00"), (-1.5, "-1.500"), (0, "0"), (1.234e-9, "1.234e-9"), (1e9, "1.000e9")]
    + [(math.inf, "inf")],
)
def test_numbers_have_four_digits(value, text):
    assert plain(number(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.002, "0.002"), (0.1 + 0.2, "0.3"), (250, "250"), (2.5e6, "2.5 M"), (1e-5, "1e-5")]
    + [(-2000, "-2 k")],
)
def test_ticks_have_no_trailing_zeros(value, text):
    assert plain(tick(value)) == text


def test_differences_show_their_sign():
    assert plain(signed(0.0003)) == "+0.00030"
    assert plain(signed(-0.25)) == "-0.25"
    assert signed(0) == "0"


def test_bits_line_up():
    assert [bits(0.91928), bits(1.1243)] == ["0.919", "1.124"]


def test_shares_and_ratios():
    assert plain(share(0.99414)) == "99.4 %"
    assert ratio(0.6249) == "0.62\N{MULTIPLICATION SIGN}"
    assert whole(1234567) == "1,234,567"


@pytest.mark.parametrize("write", [whole, short, size, number, signed, share, ratio])
def test_what_was_not_measured_is_a_dash(write):
    assert write(None) == "\N{EN DASH}"
