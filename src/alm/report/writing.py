"""The two files of a report."""

from pathlib import Path

from alm.io import write_text
from alm.report.card import render_card
from alm.report.findings import Findings, Paths
from alm.report.page import render_page


def write_report(preset: str, paths: Paths, page: Path, card: Path) -> None:
    """Read the findings once and write them twice: one HTML page and one Markdown card.

    Raises:
        IntegrityError: a finding is absent, damaged or of another kind; the message names it.
    """
    found = Findings.read(preset, paths)
    write_text(page, render_page(found))
    write_text(card, render_card(found))
