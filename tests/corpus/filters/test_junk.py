"""junk: what was planted, what came, what was dropped."""

from alm.corpus.filters.junk import JunkCount, Truth


def test_truth_is_read_from_what_the_generator_says():
    metas = [{}, {"truth": "clean"}, {"truth": "near_duplicate"}, {"truth": "junk"}]

    assert list(map(Truth.of, metas)) == [Truth.UNKNOWN, Truth.GOOD, Truth.GOOD, Truth.JUNK]


def test_figures_are_kept_by_source_and_in_all():
    count, more = JunkCount(), JunkCount()
    count.note("a", Truth.JUNK, dropped=True)
    count.note("a", Truth.GOOD, dropped=False)
    count.note("plain", Truth.UNKNOWN, dropped=True)
    for dropped in (True, False):
        more.note("b", Truth.JUNK, dropped=dropped)
        more.note("a", Truth.GOOD, dropped=dropped)

    count.absorb(more.counts())

    assert count.facts() == {
        "sources": {
            "a": figures(planted=1, found=1, recall=1.0, good=3, lost=1),
            "b": figures(planted=2, found=1, recall=0.5, good=0, lost=0),
        },
        "all": figures(planted=3, found=2, recall=2 / 3, good=3, lost=1),
    }


def test_a_share_of_nothing_is_no_number():
    count = JunkCount()
    count.note("clean", Truth.GOOD, dropped=False)

    assert count.facts()["all"] == figures(planted=0, found=0, recall=None, good=1, lost=0)


def test_without_truth_there_are_no_figures():
    count = JunkCount()
    count.note("plain", Truth.UNKNOWN, dropped=True)

    assert count.facts() == {}


def figures(planted, found, recall, good, lost):
    return {
        "planted": planted,
        "found": found,
        "recall": recall,
        "good": good,
        "falsely_dropped": lost,
        "falsely_dropped_share": lost / good if good else None,
    }
