"""The card: the report in Markdown, every table whole."""

import re
from dataclasses import replace

from alm.report import render_card

SECTIONS = [
    "Use it",
    "Held-out text",
    "Training",
    "Samples",
    "Tasks",
    "Int8",
    "Corpus",
    "Limits",
    "Build it again",
]


def test_sections_stand_in_their_order(found):
    assert re.findall(r"^## (.*)$", render_card(found), re.M) == SECTIONS


def test_tables_have_as_many_cells_in_each_row(found):
    blocks = re.findall(r"(?:^\|.*\n)+", render_card(found), re.M)

    assert len(blocks) >= 10
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_commands_are_those_of_the_preset(found):
    card = render_card(found)

    assert 'make sample PRESET=tiny PROMPT="..."' in card
    assert "make repro PRESET=tiny" in card


def test_what_the_model_says_stays_in_its_fence(found):
    card = render_card(found)

    fences = re.findall(r"^(`{3,})(\w*)$", card, re.M)
    assert [name for _, name in fences] == ["sh", "", "text", "", "text", "", "sh", ""]
    assert all(fences[i][0] == fences[i + 1][0] for i in range(0, len(fences), 2))


def test_name_of_a_preset_is_no_markup(found):
    assert render_card(replace(found, preset="a_b")).startswith("# a\\_b\n")


def test_card_ends_with_one_newline_and_has_no_wide_gaps(found):
    card = render_card(found)

    assert card.endswith("|\n")
    assert "\n\n\n" not in card
