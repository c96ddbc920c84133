"""SyntheticReader: random access, and the truth about every document."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from alm.config import SyntheticSource
from alm.corpus.sources import Origin
from alm.corpus.sources.synthetic.reader import TASKS, SyntheticReader
from alm.errors import ConfigError

SOURCE = SyntheticSource(
    kind="synthetic",
    name="made",
    licence="CC0-1.0",
    filters=(),
    task="recall",
    n_docs=2000,
    exact_duplicates=0.05,
    near_duplicates=0.04,
    junk=0.03,
)


@pytest.fixture
def read(ingest_config):
    def read(seed=1, **changes):
        return SyntheticReader(replace(SOURCE, **changes), Origin(Path("x"), seed, ingest_config))

    return read


def test_document_does_not_depend_on_the_others(read):
    in_order = list(read())
    reader = read(n_docs=1)

    assert [reader.document(i) for i in reversed(range(2000))] == in_order[::-1]


def test_seed_and_name_choose_the_text(read):
    first = read().document(0).text

    assert read().document(0).text == first
    assert read(seed=2).document(0).text != first
    assert read(name="other").document(0).text != first


def test_copies_and_junk_come_at_their_rates(read):
    truths = Counter(record.meta["truth"] for record in read())

    assert truths["exact_duplicate"] == pytest.approx(100, abs=30)
    assert truths["near_duplicate"] == pytest.approx(80, abs=27)
    assert truths["junk"] == pytest.approx(60, abs=24)
    assert truths.total() == 2000


@pytest.mark.parametrize("task", TASKS)
def test_truth_is_true(read, task):
    records = {record.id: record for record in read(task=task, n_docs=800)}

    for record in records.values():
        truth = record.meta["truth"]
        assert (truth in {"exact_duplicate", "near_duplicate"}) == ("of" in record.meta)
        if "of" in record.meta:
            original = records[record.meta["of"]]
            assert original.meta["truth"] == "clean"
            assert int(original.id.split("-")[1]) < int(record.id.split("-")[1])
            assert (original.text == record.text) == (truth == "exact_duplicate")
        assert ("junk" in record.meta) == (truth == "junk")


def test_exact_copy_carries_its_originals_answer(read):
    records = {record.id: record for record in read()}

    for record in records.values():
        if record.meta["truth"] == "exact_duplicate":
            assert record.meta["answer"] == records[record.meta["of"]].meta["answer"]


def test_without_rates_everything_is_clean(read):
    records = read(exact_duplicates=0.0, near_duplicates=0.0, junk=0.0, n_docs=300)

    assert {record.meta["truth"] for record in records} == {"clean"}


def test_corpus_of_little_but_copies_still_finds_originals(read):
    truths = Counter(r.meta["truth"] for r in read(exact_duplicates=0.9, near_duplicates=0.0))

    assert truths["exact_duplicate"] > 1600


def test_rates_must_leave_room(read):
    with pytest.raises(ConfigError, match=r"'made': .* less than 1, found 1\.03; lower them"):
        read(exact_duplicates=0.5, near_duplicates=0.5)


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (
            "arithmetic",
            "Calculate the product of 68 and 3.\n60 * 3 = 180\n8 * 3 = 24\n180 + 24 = 204\n"
            "Answer: 204.",
        ),
        (
            "recall",
            "This is what we know.\nThe telephone number of George is 4500.\n"
            "The telephone number of Kaya is 7776.\nThe telephone number of Daisy is 6222.\n"
            "The telephone number of Leo is 7741.\nQuestion: Whose telephone number is 4500?\n"
            "Answer: George.",
        ),
    ],
)
def test_document_is_the_same_on_every_machine(read, task, text):
    """Golden: a change here changes every corpus, so mean it."""
    assert read(task=task).document(2).text == text
