"""The page: whole, offline, safe from what a model says, and the same for the same findings."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from alm.report import Findings, render_page
from alm.report.page import SECTIONS

VOID = {"meta", "link"}


class Checker(HTMLParser):
    """Notes tags, ids and addresses, and that every tag is closed in turn."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.ids, self.addresses = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[key] for key in ("href", "src") if key in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_tags_are_closed_in_turn(found):
    checker = Checker(render_page(found))

    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))


def test_nothing_is_fetched_and_nothing_runs(found):
    page = render_page(found)
    checker = Checker(page)

    assert "script" not in checker.tags
    assert all(address.startswith(("#", "data:")) for address in checker.addresses)
    assert not re.search(r"https?:|@import|url\(", page)
    assert "default-src 'none'" in page


def test_links_lead_somewhere(found):
    checker = Checker(render_page(found))

    for address in checker.addresses:
        assert address == "data:," or address[1:] in checker.ids
    assert set(SECTIONS) <= set(checker.ids)


def test_what_the_model_says_stays_text(found):
    page = render_page(found)

    assert "<script>" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page


def test_names_and_rules_are_escaped(found):
    evaluate = {**found.evaluate, "rule": ["<i>r"]}
    page = render_page(replace(found, preset="<i>x", evaluate=evaluate))

    assert "<i>" not in page
    assert "<title>&lt;i&gt;x: alm model report</title>" in page


def test_no_number_is_missing_or_broken(found):
    assert not re.search(r"\b(nan|inf|None|NaN)\b", render_page(found))


@pytest.mark.parametrize("shown", ["1.200", "1.22", "307", "1.31", "1337", "CC0-1.0", "99.41"])
def test_headline_numbers_are_there(found, shown):
    assert shown in render_page(found)


def test_command_that_rebuilds_is_there(found):
    assert "<code>make repro PRESET=tiny</code>" in render_page(found)


def test_dense_network_shows_no_experts(dense):
    page = render_page(dense)

    assert "Busiest expert" not in page
    assert "Load of each expert" not in page
    Checker(page)


def test_same_findings_same_bytes(paths):
    first, second = (render_page(Findings.read("tiny", paths)) for _ in range(2))

    assert first == second
    first.encode("utf-8")


def test_page_names_no_place_it_was_made_in(found, written):
    assert str(written) not in render_page(found)


def test_colours_have_a_dark_side(found):
    assert "prefers-color-scheme: dark" in render_page(found)
    assert "@media print" in render_page(found)
