"""Intake: the checks that every source's records go through."""

from dataclasses import replace

import pytest

from alm.corpus.accounting import Accounting
from alm.corpus.document import DocumentWriter, make_id, read_documents
from alm.corpus.intake import Intake
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.quota import Quota
from alm.corpus.sources import Record, Reject
from alm.errors import InputError

SOURCES = [{"name": name, "kind": "text", "licence": "x"} for name in ("s", "t")]
BAD = Reject("p", "bad", "", "")


@pytest.fixture
def intake(tmp_path, ingest_config):
    """Take records in; return the documents and the books."""

    def take(*items, source="s", guarded=True, quota=(None, None), **changes):
        accounting = Accounting(SOURCES)
        with DocumentWriter(tmp_path / "d") as documents, QuarantineWriter(tmp_path / "q") as bad:
            door = Intake(
                replace(ingest_config, max_bad_fraction=1.0, **changes), accounting, documents, bad
            )
            door.take_all(source, items, Quota(*quota), guarded=guarded)
        return list(read_documents(tmp_path / "d")), accounting.facts()

    return take


def test_record_without_an_id_is_numbered_among_all_records(intake):
    documents, _ = intake(BAD, Record("p", "x", {}, None), Record("p", "y", {}, "given"))

    assert [document.id for document in documents] == [make_id("s", 1), "given"]


def test_meta_and_source_travel_with_the_text(intake):
    (document,), _ = intake(Record("p", "x", {"path": "p"}, "i"), source="t")

    assert (document.source, document.meta) == ("t", {"path": "p"})


def test_record_that_is_too_long_is_set_aside_or_split(intake):
    record = Record("p", "one two three", {"path": "p"}, "i")

    assert intake(record, max_doc_bytes=8)[1]["quarantined"] == {"too_long": 1}
    documents, facts = intake(record, max_doc_bytes=8, on_long_document="split")
    assert [document.text for document in documents] == ["one two ", "three"]
    assert documents[1].id == "i#1"
    assert documents[1].meta == {"path": "p", "piece": 1}
    assert facts["docs_in"] == 2


def test_lone_surrogate_in_an_id_is_set_aside(intake):
    assert intake(Record("p", "x", {}, "\ud800"))[1]["quarantined"] == {"lone_surrogate": 1}


def test_limits_hold_only_for_guarded_sources(intake):
    rejects = [BAD] * 4

    with pytest.raises(InputError, match="in a row"):
        intake(*rejects, max_bad_run=3)
    assert intake(*rejects, guarded=False, max_bad_run=3)[1]["quarantined"] == {"bad": 4}


def test_ids_that_are_made_are_not_remembered(intake, monkeypatch):
    """They differ by construction; a corpus without ids needs no memory for them."""
    monkeypatch.delattr("alm.corpus.intake.IdRegister.claim")

    documents, _ = intake(*[Record("p", "x", {}, None)] * 3)

    assert len(documents) == 3


def test_only_given_ids_are_held_against_each_other(intake):
    items = [Record("p", "x", {}, None)] * 2 + [Record("p", "x", {}, "i")] * 2

    documents, facts = intake(*items)

    assert [document.id for document in documents] == [make_id("s", 0), make_id("s", 1), "i"]
    assert facts["dropped"] == {"dup_id": 1}


@pytest.mark.parametrize(("quota", "n_docs"), [((3, None), 3), ((None, 5), 3), ((1, 5), 1)])
def test_source_ends_after_the_document_that_makes_it_enough(intake, quota, n_docs):
    """Blank, repeated and unusable records are not counted."""
    one, two = Record("p", "xx", {}, "1"), Record("p", "xx", {}, "2")
    items = [one, one, Record("p", "  ", {}, "0"), BAD, two, Record("p", "xx", {}, "3"), BAD, BAD]

    documents, facts = intake(*items, quota=quota)

    assert len(documents) == n_docs
    assert facts["docs_in"] == {3: 6, 1: 1}[n_docs]


def test_piece_may_be_the_document_that_makes_it_enough(intake):
    record = Record("p", "one two three four", {}, "i")

    documents, _ = intake(record, max_doc_bytes=6, on_long_document="split", quota=(2, None))

    assert [document.id for document in documents] == ["i#0", "i#1"]
