"""sieve: a unit's documents are all accounted for, in their files and in the books."""

import json

import pytest

from alm.corpus import Document, read_documents
from alm.corpus.filters import ByteModel
from alm.corpus.filters import sieve as module
from alm.corpus.filters.pending import Pending
from alm.corpus.filters.requirements import Requirements
from alm.corpus.filters.sieve import Sieve, Treatment

SOURCES = [{"name": name, "kind": "text", "licence": "unknown"} for name in ("a", "b")]
SPAM = "buy cheap kites online now " * 6
TEXTS = [("a", "fine", {"truth": "clean"}), ("a", SPAM, {"truth": "junk"}), ("b", "mé@ex.org", {})]


@pytest.fixture
def sift(config, tmp_path):
    def sift(model=None, masks=False):
        requirements = Requirements.of(config, ["coherent"], None, None)
        treatments = {name: Treatment(i, requirements, model, masks) for i, name in enumerate("ab")}
        documents = [Document(str(i), *text) for i, text in enumerate(TEXTS)]
        with Sieve(tmp_path, "val", treatments.get, SOURCES) as sieve:
            sieve.take_all(documents)
        dropped = (tmp_path / "dropped.jsonl").read_text().splitlines()
        pending = Pending.read(tmp_path / "pending.bin")
        kept = list(read_documents(tmp_path / "documents.jsonl"))
        return kept, [json.loads(line) for line in dropped], pending, sieve.facts()

    return sift


def test_documents_go_on_or_are_dropped_with_the_figure_and_its_limit(sift):
    kept, dropped, pending, facts = sift()

    assert [document.text for document in kept] == ["fine", "mé@ex.org"]
    assert dropped == [
        {
            "source": "a",
            "id": "1",
            "split": "val",
            "reason": "coherent:duplicate_10gram_characters",
            "found": pytest.approx(5 / 6),
            "limit": 0.7,
        }
    ]
    assert (facts["docs_in"], facts["docs_out"], len(pending)) == (3, 2, 0)
    assert facts["sources"][1]["bytes"] == len("mé@ex.org".encode())
    assert facts["junk"] == {"a": [1, 1, 1, 0]}


def test_scored_documents_wait_outside_the_books(sift):
    kept, _, pending, facts = sift(model=ByteModel.fit([b"fine"]))

    assert len(kept) == len(pending) == 2
    assert pending.column("line").tolist() == [0, 1]
    assert pending.column("source").tolist() == [0, 1]
    assert pending.column("n_bytes").tolist() == [4, 10]
    assert pending.column("truth").tolist() == [1, 0]
    assert (facts["docs_in"], facts["docs_out"]) == (1, 0)


def test_masks_are_counted_in_what_goes_on(sift):
    kept, _, _, facts = sift(masks=True)

    assert kept[1].text == "mé@ex.org"  # é is no character of an address: nothing before the @
    assert facts["masked"] == {"emails": 0, "ipv4": 0}


def test_batches_change_nothing(sift, monkeypatch):
    whole = sift()[:2]
    monkeypatch.setattr(module, "BUFFER_BYTES", 1)

    assert sift()[:2] == whole
