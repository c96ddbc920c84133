"""Markup: no text becomes a tag, an attribute, or something a parser refuses."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.report.markup import escape, tag, visible


@given(st.text())
def test_any_text_comes_back_from_between_tags_and_from_attributes(text):
    element = ElementTree.fromstring(tag("p", escape(text), title=text))

    assert element.text == (visible(text) or None)
    assert not list(element)
    assert element.get("title") is not None


@given(st.text(st.characters()))
def test_escaped_text_is_utf8(text):
    escape(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x00\x1b", "\u2400\u241b"), ("\x7f\x9b", "\u2421\ufffd"), ("\ud800", "\ufffd")]
    + [
        ("\u202eabc\u2066", "\ufffdabc\ufffd"),
        ("a\tb\n\u2028é\U0001f600", "a\tb\n\u2028é\U0001f600"),
    ],
)
def test_controls_are_shown_and_the_rest_kept(text, shown):
    assert visible(text) == shown


def test_script_stays_text():
    assert escape("<script>\"'&") == "&lt;script&gt;&quot;&#x27;&amp;"


def test_attributes_are_named_as_in_html_and_none_is_left_out():
    written = tag("p", class_="a", aria_label='"', id=None)

    assert written == '<p class="a" aria-label="&quot;"></p>'
