"""Charts: each is valid, named, and of the right numbers."""

from xml.etree import ElementTree

import pytest

from alm.report import charts

LINES = [charts.loss, charts.learning_rate, charts.gradient_norm, charts.busiest_expert]


@pytest.mark.parametrize(
    "draw", [*LINES, charts.bits_per_byte, charts.expert_load], ids=lambda f: f.__name__
)
def test_chart_is_valid_and_named(found, draw):
    root = ElementTree.fromstring(draw(found))

    assert root.tag == "svg"
    assert root.find("title").text


@pytest.mark.parametrize("draw", LINES, ids=lambda f: f.__name__)
def test_a_run_without_rows_has_charts(found, draw):
    found.losses.rows.clear()

    assert "no data" in draw(found)


def test_validation_is_one_line_through_what_was_measured(found):
    (line,) = [
        group
        for group in ElementTree.fromstring(charts.loss(found)).iter("g")
        if group.get("class") == "line s2" and group.find("circle") is not None
    ]

    assert len(line.findall("circle")) == 3
    assert line.find("path").get("d").count("M") == 1


def test_model_stands_above_the_ngrams(found):
    texts = [t.text for t in ElementTree.fromstring(charts.bits_per_byte(found)).iter("text")]

    assert texts == ["this model", "1.200", "byte 5-gram", "1.700", "byte 3-gram", "2.100"]


def test_layers_are_numbered_as_in_the_network(found):
    texts = [t.text for t in ElementTree.fromstring(charts.expert_load(found)).iter("text")]

    assert texts[::2] == ["layer 2", "layer 3", "layer 4"]


def test_dense_network_has_no_load(dense):
    assert not list(ElementTree.fromstring(charts.expert_load(dense)).iter("rect"))
