import io
import sys

import pytest

from alm.project.terminal import one_line, part_of_line, printable, shorten


def test_what_could_steer_a_terminal_is_gone():
    steering = "\x1b[31m\x07\x9b\u202e\r"

    assert not set(steering) - {"[", "3", "1", "m"} & set(printable(f"a{steering}b"))


def test_what_the_terminal_cannot_write_is_marked(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))

    assert printable("caf\xe9") == "caf?"


def test_a_text_fits_one_line():
    assert one_line(" a\n\n b\tc ") == "a b c"


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), (" \n", " "), ("a  b", "a b"), ("\ta,\n", " a, "), ("|", "|")]
)
def test_a_part_of_a_line_keeps_a_space_at_its_ends(text, shown):
    assert part_of_line(text) == shown


@pytest.mark.parametrize("text", ["", "short", "exactly ten", "a line that is far too long"])
def test_a_line_is_shortened_in_its_middle(text):
    shown = shorten(text, 11)

    assert len(shown) == min(len(text), 11)
    assert shown == text or (shown[:4], shown[-4:]) == (text[:4], text[-4:])
