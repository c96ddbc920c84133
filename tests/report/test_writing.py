"""Both files of a report stem from one reading."""

from alm.report import render_card, render_page, write_report


def test_page_and_card_are_written(paths, found, tmp_path):
    page, card = tmp_path / "report.html", tmp_path / "card.md"

    write_report("tiny", paths, page, card)

    assert page.read_text(encoding="utf-8") == render_page(found)
    assert card.read_text(encoding="utf-8") == render_card(found)
