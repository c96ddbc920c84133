"""The score: recall of what was planted, precision counted from the words themselves."""

import numpy as np
import pytest

from alm.corpus import Document, write_documents
from alm.corpus.digests import PLANTED, ROW, find_starts, hash_name
from alm.corpus.jaccard import Comparison
from alm.corpus.plan import KEPT, Plan
from alm.corpus.truth import Planted, Score, list_shingles
from alm.work import cut_lines

TEN = "one two three four five six seven eight nine ten"
TEXTS = [
    TEN,  # 0
    TEN.replace("one", "ein"),  # 1, planted, of 0: 9/11
    TEN.replace("one two", "ein zwei"),  # 2, planted, of 0: 8/12
    "something else",  # 3
    TEN,  # 4, an exact copy of 0
    "nothing like it",  # 5, planted, of a text that did not come this far
    TEN.replace("ten", "zehn"),  # 6, planted, of 0: 9/11
]
SOURCES = ["a", "a", "a", "b", "b", "b", "b"]
NEAR_OF = {1: "0", 2: "0", 5: "gone", 6: "0"}


@pytest.fixture
def make_score(tmp_path):
    """Score a plan: who is dropped for whom."""
    path = tmp_path / "documents.jsonl"
    write_documents(path, [Document(str(i), "s", text, {}) for i, text in enumerate(TEXTS)])
    (unit,) = cut_lines(path)
    rows = np.zeros(len(TEXTS), ROW)
    rows["start"] = find_starts(unit)
    rows["source"] = ["ab".index(each) for each in SOURCES]
    planted = [(i, hash_name("a", of), True) for i, of in NEAR_OF.items()]
    planted.append((4, hash_name("a", "0"), False))
    names = np.array([hash_name(s, str(i)) for i, s in enumerate(SOURCES)], np.uint64)

    def make_score(twins, exact=()):
        plan = Plan(
            twins=np.array([twins.get(i, KEPT) for i in range(7)]),
            jaccard=np.ones(7),
            is_exact=np.isin(np.arange(7), exact),
            is_val=np.zeros(7, bool),
            n_clusters=7,
        )
        found = Planted.find(rows, np.array(planted, PLANTED), [names[:2], names[2:]])
        score = Score(plan, found, ["a", "b"])
        return score.exact(), score.near(Comparison(path, rows["start"], 1), rows, 0.8)

    return make_score


def test_originals_are_found_by_name_over_portions():
    names = np.array([hash_name("a", str(i)) for i in range(5)], np.uint64)
    planted = [(k, hash_name("a", of), True) for k, of in enumerate(["4", "0", "gone", "4"])]

    found = Planted.find(np.zeros(5, ROW), np.array(planted, PLANTED), [names[:3], names[3:]])

    assert found.originals.tolist() == [4, 0, KEPT, 4]
    assert found.documents.tolist() == [0, 1, 2, 3]


def test_recall_is_of_the_pairs_that_are_alike(make_score):
    _, near = make_score({1: 0, 2: 0})

    counts = {"planted": 4, "alike": 2, "found": 1, "recall": 0.5}
    assert counts.items() <= near["all"].items()
    assert {"planted": 2, "alike": 1, "recall": 1.0}.items() <= near["sources"]["a"].items()
    assert {"planted": 2, "alike": 1, "recall": 0.0}.items() <= near["sources"]["b"].items()


def test_precision_is_counted_anew_and_no_plan_is_believed(make_score):
    _, near = make_score({1: 0, 2: 0, 3: 0, 4: 0}, exact=[4])

    assert {"dropped": 3, "true": 1, "precision": pytest.approx(1 / 3)}.items() <= near[
        "all"
    ].items()
    assert {"dropped": 2, "true": 1}.items() <= near["sources"]["a"].items()


def test_share_of_nothing_is_unknown(make_score):
    _, near = make_score({})

    assert near["all"]["precision"] is None
    assert near["all"]["recall"] == 0.0


def test_exact_copies_are_counted_by_source(make_score):
    exact, _ = make_score({4: 0, 1: 0}, exact=[4])

    assert exact == {"b": {"planted": 1, "found": 1, "recall": 1.0}}


def test_nothing_planted_is_no_score():
    none = Planted.find(np.zeros(3, ROW), np.empty(0, PLANTED), [])
    plan = Plan(np.full(3, KEPT), np.zeros(3), np.zeros(3, bool), np.zeros(3, bool), 3)
    score = Score(plan, none, ["a"])

    assert score.exact() == score.near(None, np.zeros(3, ROW), 0.8) == {}


def test_shingles_are_runs_of_words():
    assert list_shingles(b"A b, c", 2) == {(b"a", b"b"), (b"b", b"c")}
    assert list_shingles(b"A b", 5) == {(b"a", b"b")}
    assert list_shingles(b"...", 5) == set()
