"""Clusters: what belongs together stays together, in whatever order it is told."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.clusters import Clusters, find_first_copies, link_groups

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
    assert clusters.roots().tolist() == label_by_flooding(links)


@given(st.lists(st.tuples(*[st.integers(0, 1)] * 4)))
def test_first_copy_is_the_first_with_all_four_numbers(digests):
    found = find_first_copies(np.array(digests, np.uint64).reshape(-1, 4))

    assert found.tolist() == [digests.index(each) for each in digests]


@given(st.lists(st.integers(0, 3), min_size=N, max_size=N))
def test_group_is_one_cluster_and_no_group_is_none(groups):
    clusters = Clusters(N)

    link_groups(clusters, np.array(groups, np.uint64))

    expected = [groups.index(group) if group else i for i, group in enumerate(groups)]
    assert clusters.roots().tolist() == expected
