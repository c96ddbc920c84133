"""Accounting: nothing goes missing between in and out."""

import pytest

from alm.corpus.accounting import Accounting, summarize

SOURCES = [
    {"name": "a", "kind": "text", "licence": "x", "glob": "*"},
    {"name": "b", "kind": "text", "licence": "y", "glob": "*"},
]


def fill(accounting):
    for _ in range(4):
        accounting.take()
    accounting.keep("b", 10)
    accounting.drop("empty")
    accounting.quarantine("bad_utf8")
    return accounting


def test_books_that_do_not_close_are_a_bug_of_ours():
    accounting = fill(Accounting(SOURCES))

    with pytest.raises(AssertionError):
        accounting.facts()


def test_facts_count_every_document_once():
    accounting = fill(Accounting(SOURCES))
    accounting.keep("b", 5)

    assert accounting.facts() == {
        "docs_in": 4,
        "docs_out": 2,
        "dropped": {"empty": 1},
        "quarantined": {"bad_utf8": 1},
        "sources": [
            {"name": "a", "kind": "text", "licence": "x", "docs": 0, "bytes": 0},
            {"name": "b", "kind": "text", "licence": "y", "docs": 2, "bytes": 15},
        ],
    }


def test_summary_says_what_was_lost():
    accounting = fill(Accounting(SOURCES))
    accounting.drop("dup_id")

    assert summarize(accounting.facts()) == (
        "1 documents, 10 bytes of text; bad_utf8 1; dup_id 1; empty 1"
    )
    assert accounting.reasons() == "bad_utf8 (quarantined) 1, dup_id 1, empty 1"


def test_damaged_files_that_were_skipped_are_told():
    facts = {
        "docs_out": 1,
        "dropped": {},
        "quarantined": {},
        "sources": [{"bytes": 5, "skipped_files": [{"file": "b.txt.gz"}]}, {"bytes": 0}],
    }

    assert summarize(facts) == "1 documents, 5 bytes of text; damaged files skipped 1"
