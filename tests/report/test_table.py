"""Table: one content, in HTML with headers and in Markdown whose cells hold."""

from xml.etree import ElementTree

import pytest

from alm.report.table import Table, markdown_cell

TABLE = Table("Sizes & more", ["name", "size"], [["<b>", "1|2"], ["c", "<3"]])


def test_html_has_a_caption_and_headers_of_both_kinds():
    root = ElementTree.fromstring(TABLE.html())

    assert root.find("table/caption").text == "Sizes & more"
    assert [cell.get("scope") for cell in root.iter("th")] == ["col", "col", "row", "row"]
    assert [cell.text for cell in root.iter("td")] == ["1|2", "<3"]


def test_numbers_align_to_the_right_and_text_to_the_left():
    root = ElementTree.fromstring(TABLE.html())

    assert {cell.get("class") for cell in root.iter("td")} == {"n"}
    assert TABLE.markdown().splitlines()[1] == "| --- | --: |"


def test_markdown_has_one_line_per_row():
    assert TABLE.markdown().splitlines() == [
        "| name | size |",
        "| --- | --: |",
        r"| \<b\> | 1\|2 |",
        r"| c | \<3 |",
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", r"a\|b"),
        ("a\nb", "a b"),
        ("`x`", r"\`x\`"),
        ("a\\", "a\\\\"),
        ("[x](y)", r"\[x\](y)"),
    ]
    + [("\x00", "\u2400"), ("a_b*", r"a\_b\*")],
)
def test_cell_shows_text_as_it_is(text, cell):
    assert markdown_cell(text) == cell
