"""Plan: duplicates first, then whole clusters to one side or the other."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.clusters import find_first_copies
from alm.corpus.digests import ROW
from alm.corpus.jaccard import Edges
from alm.corpus.plan import KEPT, Plan

N = 8


def make(texts, edges=(), groups=None):
    """Plan for texts; an edge is (later, earlier), of Jaccard 1 / (1 + later - earlier)."""
    rows = np.zeros(len(texts), ROW)
    for row, text in zip(rows, texts, strict=True):
        row["sha256"] = np.frombuffer(hashlib.sha256(text.encode()).digest(), "<u8")
    rows["group"] = groups or 0
    later, earlier = np.array(sorted(edges), np.int64).reshape(-1, 2).T
    edges = Edges(later, earlier, 1 / (1 + later - earlier))
    cuts = range(3, len(later), 3)
    portions = map(Edges, *(np.split(each, cuts) for each in edges))
    return Plan.make(rows, find_first_copies(rows["sha256"]), portions, 1, 0.5)


def test_later_copy_is_dropped_for_the_first():
    plan = make(["a", "b", "a", "c", "a"])

    assert plan.twins.tolist() == [KEPT, KEPT, 0, KEPT, 0]
    assert plan.is_exact.tolist() == [False, False, True, False, True]
    assert plan.jaccard.tolist() == [0, 0, 1, 0, 1]
    assert plan.n_clusters == 3


def test_near_duplicate_is_dropped_for_the_first_that_is_kept():
    plan = make("abcdez", [(1, 0), (2, 1), (3, 1), (3, 2), (4, 0), (4, 2)])

    assert plan.twins.tolist() == [KEPT, 0, KEPT, 2, 0, KEPT]
    assert plan.jaccard.tolist() == [0, 1 / 2, 0, 1 / 2, 1 / 5, 0]
    assert not plan.is_exact.any()


def test_copy_of_a_dropped_document_has_the_twin_of_that_one():
    plan = make(["a", "b", "x", "b", "a"], [(1, 0)])

    assert plan.twins.tolist() == [KEPT, 0, KEPT, 0, 0]
    assert plan.is_exact.tolist() == [False, False, False, False, True]
    assert plan.jaccard.tolist() == [0, 1 / 2, 0, 1 / 2, 1]


def test_all_that_are_alike_are_one_cluster_kept_or_not():
    plan = make("abcd", [(1, 0), (2, 1)])

    assert plan.twins.tolist() == [KEPT, 0, KEPT, KEPT]
    assert plan.n_clusters == 2
    assert len(set(plan.is_val[:3].tolist())) == 1


PLACES = st.integers(0, N - 1)
LINKS = st.sets(st.tuples(PLACES, PLACES).filter(lambda pair: pair[0] > pair[1]))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=N, max_size=N), LINKS)
def test_what_is_dropped_is_dropped_for_something_kept_and_alike(texts, links):
    firsts = [texts.index(text) for text in texts]
    links = {(i, j) for i, j in links if firsts[i] == i and firsts[j] == j}
    texts = [*texts, "one", "two"]  # two clusters at least

    plan = make(texts, links)

    twins = plan.twins.tolist()
    for i, j in enumerate(twins):
        near = [earlier for later, earlier in links if later == texts.index(texts[i])]
        kept = [earlier for earlier in near if twins[earlier] == KEPT]
        copies = [texts.index(texts[i])] if texts.index(texts[i]) != i else []
        if not copies and not kept:
            assert j == KEPT
        else:
            assert twins[j] == KEPT
            assert j in kept + copies
            assert plan.is_exact[i] == (texts[i] == texts[j])
            assert plan.is_val[i] == plan.is_val[j]


def test_text_alone_decides_the_split():
    texts = [f"text {i}" for i in range(40)]

    there, back = make(texts), make(texts[::-1])

    assert there.is_val.tolist() == back.is_val.tolist()[::-1]
    assert 0 < there.is_val.sum() < 40


def test_group_is_never_divided():
    plan = make([f"text {i}" for i in range(60)], groups=[1 + i // 2 for i in range(60)])

    assert np.array_equal(plan.is_val[::2], plan.is_val[1::2])
    assert plan.n_clusters == 30


def test_copies_tie_groups_together():
    plan = make(["a", "b", "b", "c", "d"], groups=[1, 1, 2, 2, 0])

    assert plan.n_clusters == 2
    assert len(set(plan.is_val[:4].tolist())) == 1
