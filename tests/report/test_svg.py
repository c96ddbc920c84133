"""Line charts: valid XML, points where they belong, gaps, and nothing that is no number."""

import math
import re
from xml.etree import ElementTree

import pytest

from alm.report.svg import BOTTOM, LEFT, RIGHT, TOP, Chart, Series


def chart(*series, **options):
    labels = {"title": "T", "x_label": "x", "y_label": "y"}
    return Chart(**{**labels, **options}, series=series)


def draw(*series, **options):
    return ElementTree.fromstring(chart(*series, **options).draw())


def paths(root, index=1):
    group = next(g for g in root.iter("g") if g.get("class") == f"line s{index}")
    return [path.get("d") for path in group.iter("path")]


def test_known_points_land_on_known_pixels():
    root = draw(Series("a", [(0, 0.0), (5, 5.0), (10, 10.0)]), width=400, height=300)

    left, right, floor, top = LEFT, 400 - RIGHT, 300 - BOTTOM, TOP
    middle = f"{(left + right) / 2:g} {(floor + top) / 2:g}"
    assert paths(root) == [f"M{left} {floor}L{middle}L{right} {top}"]


def test_log_axis_gives_equal_room_to_equal_factors():
    root = draw(Series("a", [(0, 1.0), (1, 10.0), (2, 100.0)]), log_y=True)

    heights = [float(point.split()[1]) for point in re.split("[ML]", paths(root)[0])[1:]]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.02)


@pytest.mark.parametrize("gap", [None, math.nan, math.inf], ids=str)
def test_what_was_not_measured_is_a_gap(gap):
    points = [(1, 1.0), (2, 2.0), (3, gap), (4, 3.0), (5, 4.0)]

    drawn = chart(Series("a", points)).draw()

    (path,) = paths(ElementTree.fromstring(drawn))
    assert path.count("M") == 2
    assert path.count("L") == 2
    assert not re.search("nan|inf", drawn)


def test_lone_point_is_seen_between_gaps():
    many = [(i, float(i)) for i in range(100)]
    root = draw(Series("a", [*many, (100, None), (101, 5.0), (102, None)]))

    assert len(list(root.iter("circle"))) == 1


@pytest.mark.parametrize("log_y", [False, True])
@pytest.mark.parametrize(
    "series",
    [[], [Series("a", [])], [Series("a", [(1, None)])], [Series("a", [(0, 0.0)])]],
    ids=["none", "empty", "gap", "zero"],
)
def test_chart_without_a_line_is_still_a_chart(series, log_y):
    drawn = chart(*series, log_y=log_y).draw()

    ElementTree.fromstring(drawn)
    assert not re.search(r"\b(nan|inf)\b", drawn)


def test_empty_chart_says_so():
    assert "no data" in chart(Series("a", [])).draw()
    assert "no data" not in chart(Series("a", [(1, 1.0)])).draw()


def test_what_is_not_positive_is_a_gap_on_a_log_axis():
    root = draw(Series("a", [(1, 1.0), (2, 2.0), (3, 0.0), (4, 2.0), (5, 1.0)]), log_y=True)

    assert paths(root)[0].count("M") == 2


def test_axis_reaches_what_it_is_told_to():
    ticks = [t.text for t in draw(Series("a", [(0, 4.0), (1, 5.0)]), include=(0.0,)).iter("text")]

    assert {"0", "5"} <= set(ticks)


def test_every_line_has_its_colour_and_its_name():
    root = draw(Series("one", [(0, 1.0), (1, 2.0)]), Series("two", [(0, 2.0), (1, 1.0)]))

    assert len(paths(root, 1)) == len(paths(root, 2)) == 1
    assert {"one", "two"} <= {text.text for text in root.iter("text")}


def test_single_line_needs_no_legend():
    assert "one" not in [text.text for text in draw(Series("one", [(0, 1.0)])).iter("text")]


def test_names_cannot_break_out():
    evil = "</svg><script>alert(1)</script>"

    root = draw(Series(evil, [(0, 1.0)]), Series("b", []), title=evil, x_label=evil, y_label=evil)

    assert not list(root.iter("script"))
    assert root.find("title").text == evil


def test_chart_is_told_in_words():
    root = draw(Series("loss", [(0, 5.0), (1, 2.0), (2, 3.0)]))

    assert root.get("role") == "img"
    assert root.find("desc").text == "y over x. loss: from 5.000 to 3.000, lowest 2.000."
