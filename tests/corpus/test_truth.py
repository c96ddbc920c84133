"""PlantedCount: what was found of what was planted."""

import pytest

from alm.corpus.truth import PlantedCount


def test_recall_is_counted_by_source_and_natural_copies_are_not():
    count = PlantedCount("exact_duplicate")
    for found in (True, True, False):
        count.note("a", {"truth": "exact_duplicate"}, found=found)
    count.note("a", {"truth": "clean"}, found=True)
    count.note("b", {}, found=True)

    assert count.facts() == {"a": {"planted": 3, "found": 2, "recall": pytest.approx(2 / 3)}}
