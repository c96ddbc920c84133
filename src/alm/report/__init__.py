"""One preset's findings as a page to look at and a card to hand on."""

from alm.report.card import render_card
from alm.report.findings import Findings, Paths
from alm.report.page import render_page
from alm.report.writing import write_report

__all__ = ["Findings", "Paths", "render_card", "render_page", "write_report"]
