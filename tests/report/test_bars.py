"""Bars: lengths in proportion, names and values in words."""

from xml.etree import ElementTree

import pytest

from alm.report.bars import Bar, draw_bars


def draw(*bars):
    return ElementTree.fromstring(draw_bars("T & T", bars, lambda value: f"<{value}>", 480))


def test_lengths_are_in_proportion():
    root = draw(Bar("a", 1.0, subject=True), Bar("b", 4.0, subject=False))

    short, long = (float(rect.get("width")) for rect in root.iter("rect"))
    assert long == pytest.approx(4 * short)


def test_names_and_values_are_written():
    root = draw(Bar("<a>", 1.5, subject=True))

    assert [text.text for text in root.iter("text")] == ["<a>", "<1.5>"]
    assert root.find("title").text == "T & T"


def test_subject_stands_out():
    root = draw(Bar("a", 1.0, subject=True), Bar("b", 4.0, subject=False))

    assert [g.get("class") for g in root.iter("g")] == ["bar subject", "bar"]


@pytest.mark.parametrize("bars", [[], [Bar("a", 0.0, subject=True)]], ids=["none", "zero"])
def test_nothing_to_compare_is_drawn_all_the_same(bars):
    assert "nan" not in ElementTree.tostring(draw(*bars), "unicode")
