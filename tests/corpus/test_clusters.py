"""Clusters: what belongs together stays together, in whatever order it is told."""

from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.clusters import Clusters, Duplicate, find_exact_duplicates, link_groups

N = 12
LINKS = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)))


def label_by_flooding(links):
    """Independent reference: lower every label to its neighbours' until nothing changes."""
    labels = list(range(N))
    for _ in range(N):
        for i, j in links:
            labels[i] = labels[j] = min(labels[i], labels[j])
    return labels


@given(LINKS)
def test_cluster_is_known_by_its_smallest_member(links):
    clusters = Clusters(N)
    for link in links:
        clusters.link(*link)

    assert [clusters.find(i) for i in range(N)] == label_by_flooding(links)


def test_exact_duplicates_keep_the_first():
    assert find_exact_duplicates([b"a", b"b", b"a", b"a", b"b"]) == [
        Duplicate(2, 0, "exact"),
        Duplicate(3, 0, "exact"),
        Duplicate(4, 1, "exact"),
    ]


def test_group_is_one_cluster_and_no_group_is_none():
    clusters = Clusters(5)

    link_groups(clusters, ["x", None, "x", "y", None])

    assert [clusters.find(i) for i in range(5)] == [0, 1, 0, 3, 4]
