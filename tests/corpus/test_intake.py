"""Intake: the checks that every source's records go through."""

from dataclasses import replace

import pytest

from alm.corpus.accounting import Accounting
from alm.corpus.document import DocumentWriter, make_id, read_documents
from alm.corpus.intake import Intake
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.sources import Record, Reject
from alm.errors import InputError

SOURCES = [{"name": name, "kind": "text", "licence": "x"} for name in ("s", "t")]
BAD = Reject("p", "bad", "", "")


@pytest.fixture
def intake(tmp_path, ingest_config):
    """Take records in; return the documents and the books."""

    def take(*items, source="s", guarded=True, **changes):
        accounting = Accounting(SOURCES)
        with DocumentWriter(tmp_path / "d") as documents, QuarantineWriter(tmp_path / "q") as bad:
            door = Intake(
                replace(ingest_config, max_bad_fraction=1.0, **changes), accounting, documents, bad
            )
            door.take_all(source, items, guarded=guarded)
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
