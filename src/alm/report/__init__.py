"""One preset's findings as a page to look at and a card to hand on."""

from alm.report.card import render_card
from alm.report.findings import Findings, Paths
from alm.report.page import render_page

__all__ = ["Findings", "Paths", "render_card", "render_page"]
