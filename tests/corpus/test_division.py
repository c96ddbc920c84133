"""Division: every line goes over as it is, or is listed with the one that stays for it."""

import json

import numpy as np
import pytest

from alm.corpus import Document, write_documents
from alm.corpus.digests import digest_documents, find_starts
from alm.corpus.division import Division
from alm.corpus.plan import KEPT, Plan
from alm.work import cut_lines

SOURCES = [{"name": name, "kind": "text", "licence": "unknown"} for name in "ab"]
DOCUMENTS = [
    Document("0", "a", "first", {"k": 1}),
    Document("1", "a", "ärgerlich", {}),
    Document("0", "b", "first\u2028!", {}),
    Document("1", "b", "first", {}),
]


@pytest.fixture
def divided(tmp_path):
    """Carry a plan out: documents 2 and 3 are dropped for 0, document 1 is held out."""
    path = tmp_path / "documents.jsonl"
    write_documents(path, DOCUMENTS)
    (unit,) = cut_lines(path)
    rows = digest_documents(DOCUMENTS, find_starts(unit), ["a", "b"]).rows
    plan = Plan(
        twins=np.array([KEPT, KEPT, 0, 0]),
        jaccard=np.array([0, 0, 0.875, 1]),
        is_exact=np.array([False, False, False, True]),
        is_val=np.array([False, True, False, False]),
        n_clusters=2,
    )
    division = Division(plan, rows, path, SOURCES)
    division.write(tmp_path / "out")
    return division.facts()


def test_lines_go_over_as_they_are(divided, tmp_path):
    lines = (tmp_path / "documents.jsonl").read_bytes().splitlines(keepends=True)

    assert (tmp_path / "out/train.jsonl").read_bytes() == lines[0]
    assert (tmp_path / "out/val.jsonl").read_bytes() == lines[1]


def test_dropped_documents_are_listed_with_what_stays(divided, tmp_path):
    near, exact = map(json.loads, (tmp_path / "out/dups.jsonl").read_bytes().splitlines())

    assert near == {
        "dropped": "0",
        "dropped_source": "b",
        "kept": "0",
        "kept_source": "a",
        "kind": "near",
        "jaccard": 0.875,
    }
    assert exact == {**near, "dropped": "1", "kind": "exact", "jaccard": 1.0}


def test_books_are_kept_by_source_and_split(divided):
    assert divided["dropped"] == {"near_duplicate": 1, "exact_duplicate": 1}
    assert divided["splits"] == {"train": {"docs": 1, "bytes": 5}, "val": {"docs": 1, "bytes": 10}}
    assert divided["sources"][0]["val"] == {"docs": 1, "bytes": 10}
    assert divided["sources"][1]["train"] == {"docs": 0, "bytes": 0}
    assert divided["clusters"] == 2
