"""Loads: bars of an even layer end at the mean, and every layer says its extremes."""

from xml.etree import ElementTree

import pytest

from alm.report.loads import draw_loads, relative_load


def draw(*layers):
    return ElementTree.fromstring(draw_loads("T", layers, 960))


def test_load_is_relative_to_the_mean():
    assert relative_load([0.5, 0.25, 0.25]) == pytest.approx([1.5, 0.75, 0.75])
    assert relative_load([0.0, 0.0]) == [0, 0]


def test_bars_of_an_even_layer_end_at_the_line():
    root = draw(("layer 2", [0.25] * 4))

    mean = next(line for line in root.iter("line") if line.get("class") == "mean")
    assert {rect.get("y") for rect in root.iter("rect")} == {mean.get("y1")}


def test_heights_are_in_proportion_across_layers():
    root = draw(("a", [0.6, 0.4]), ("b", [0.9, 0.1]))

    heights = [float(rect.get("height")) for rect in root.iter("rect")]
    assert [h / heights[3] for h in heights] == pytest.approx([6, 4, 9, 1], abs=0.05)
    floors = [float(rect.get("y")) + float(rect.get("height")) for rect in root.iter("rect")]
    assert floors == pytest.approx([floors[0]] * 2 + [floors[2]] * 2, abs=0.02)


def test_extremes_are_told():
    notes = [text.text for text in draw(("layer 3", [0.5, 0.1, 0.2, 0.2])).iter("text")]

    assert notes == [
        "layer 3",
        "most 2.00\N{MULTIPLICATION SIGN}, least 0.40\N{MULTIPLICATION SIGN}",
    ]


def test_many_experts_stay_inside():
    root = draw(("layer 2", [1 / 64] * 64))

    edges = [float(rect.get("x")) + float(rect.get("width")) for rect in root.iter("rect")]
    assert max(edges) < 960
    assert len(edges) == 64


def test_idle_layer_and_no_layer_are_drawn():
    assert "nan" not in ElementTree.tostring(draw(("layer 2", [0.0, 0.0])), "unicode")
    draw()
