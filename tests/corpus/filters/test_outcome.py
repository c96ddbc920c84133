"""outcome: which score is the cut. ``test_filter`` runs the whole stage."""

import pytest

from alm.corpus.filters.outcome import Outcome, find_cuts
from alm.corpus.filters.pending import Pending
from alm.work import Part


@pytest.fixture
def part(tmp_path):
    def part(split, *scores, source=0):
        folder = tmp_path / f"{split}{source}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        rows = [(i, source, score, 1, 0) for i, score in enumerate(scores)]
        Pending.of(rows).write(folder / "pending.bin")
        return Part(folder, {"split": split})

    return part


def test_each_source_has_its_cut_among_training_documents(part):
    parts = [part("train", 1, 2), part("train", 3, 4), part("train", 70, source=2)]

    assert find_cuts([*parts, part("val", 99, 99)], 50.0) == {0: 2, 2: 70}


def test_source_without_training_documents_is_cut_among_those_held_out(part):
    assert find_cuts([part("train"), part("val", 5, 6)], 50.0) == {0: 5}


def test_asking_twice_gets_the_same_answer():
    source = {"name": "a", "kind": "text", "licence": "unknown"}
    outcome = Outcome([source], {})
    outcome.pass_on(
        [{"name": "a"} | {split: {"docs": 2, "bytes": 9} for split in ("train", "val")}]
    )

    assert outcome.facts() == outcome.facts()
    assert outcome.facts()["docs_in"] == 4
