"""Plan: duplicates first, then whole clusters to one side or the other."""

from alm.config import DedupConfig
from alm.corpus.document import Document
from alm.corpus.plan import Plan

HALF = DedupConfig(val_fraction=0.5)


def make(*texts, groups=None):
    groups = groups or [None] * len(texts)
    metas = [{"group": group} if group else {} for group in groups]
    documents = [
        Document(str(i), "s", t, m) for i, (t, m) in enumerate(zip(texts, metas, strict=True))
    ]
    return Plan.make(documents, HALF, 1)


def test_later_copy_points_at_the_first():
    plan = make("a", "b", "a", "c")

    assert {i: each.kept for i, each in plan.duplicates.items()} == {2: 0}
    assert plan.n_clusters == 3


def test_text_alone_decides_the_split():
    texts = [f"text {i}" for i in range(40)]

    there, back = make(*texts), make(*reversed(texts))

    assert there.splits == back.splits[::-1]
    assert set(there.splits) == {"train", "val"}


def test_group_is_never_divided():
    texts = [f"text {i}" for i in range(60)]

    plan = make(*texts, groups=[f"file {i // 2}" for i in range(60)])

    assert plan.splits[::2] == plan.splits[1::2]
    assert plan.n_clusters == 30


def test_copies_tie_groups_together():
    plan = make("a", "b", "b", "c", "d", groups=["x", "x", "y", "y", None])

    assert plan.n_clusters == 2
    assert len(set(plan.splits[:4])) == 1
