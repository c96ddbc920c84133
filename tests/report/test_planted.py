"""Planted: what was hidden in the corpus and how much of it the stages found, in tables."""

from dataclasses import replace

import pytest

from alm.report import render_card, render_page
from alm.report.planted import TITLE, planted


def rows(table):
    return [[value.replace("\N{NO-BREAK SPACE}", " ") for value in row] for row in table.rows]


def with_planted(found, stage, **changed):
    manifest = found.corpus[stage]
    facts = {**manifest.facts, "planted": {**manifest.facts["planted"], **changed}}
    return replace(found, corpus={**found.corpus, stage: replace(manifest, facts=facts)})


@pytest.fixture
def unplanted(found):
    """Findings of a corpus of real text."""
    found = with_planted(found, "dedup", exact_duplicate={}, near_duplicate={})
    return with_planted(found, "filter", junk={})


def test_copies_are_summed_up_over_the_sources(found):
    exact, _, _ = planted(found)

    assert rows(exact) == [
        ["stories", "7", "7", "100.0 %"],
        ["arithmetic", "3", "2", "66.7 %"],
        ["all", "10", "9", "90.0 %"],
    ]


def test_recall_is_of_those_that_are_alike_and_precision_of_those_dropped(found):
    _, near, _ = planted(found)

    assert near.columns[2] == "of these with Jaccard of 0.80 or more"
    assert rows(near)[-1] == ["all", "20", "16", "15", "93.8 %", "18", "18", "100.0 %"]


def test_junk_stands_beside_the_good_text_that_was_lost(found):
    _, _, junk = planted(found)

    assert rows(junk)[0] == ["stories", "25", "24", "96.0 %", "400", "1", "0.25 %"]


def test_rows_are_as_long_as_the_head(found):
    for table in planted(found):
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_corpus_of_real_text_has_no_such_table(unplanted):
    assert planted(unplanted) == []
    for render in (render_page, render_card):
        assert TITLE not in render(unplanted)


def test_a_corpus_whose_sources_plant_no_junk_has_no_table_of_it(found):
    facts = found.corpus["filter"].facts["planted"]["junk"]["all"]
    none = {"sources": {}, "all": {**facts, "planted": 0, "found": 0}}

    assert len(planted(with_planted(found, "filter", junk=none))) == 2


def test_nothing_alike_has_no_recall(found):
    nothing = {**found.corpus["dedup"].facts["planted"]["near_duplicate"]["all"]}
    nothing |= {"alike": 0, "found": 0, "dropped": 0, "true": 0}
    near = {"sources": {"stories": nothing}, "all": nothing}

    _, table, _ = planted(with_planted(found, "dedup", near_duplicate=near))

    assert {row[4] for row in table.rows} == {"\N{EN DASH}"} == {row[7] for row in table.rows}


def test_page_and_card_show_all_three(found):
    assert render_page(found).count(TITLE) == render_card(found).count(TITLE) == 3
