"""dedup: copies go, the first stays, and every document lands on one side."""

import json

import pytest

from alm.config import DedupConfig, NormalizeConfig, SyntheticSource
from alm.corpus import dedup_corpus, normalize_corpus, read_documents
from alm.io import Manifest

CLEAN = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)
CONFIG = DedupConfig(val_fraction=0.2)
STORIES = SyntheticSource(
    kind="synthetic",
    name="stories",
    licence="CC0-1.0",
    task="stories",
    n_docs=300,
    exact_duplicates=0.1,
    near_duplicates=0.05,
    junk=0.0,
)


@pytest.fixture
def divide(take, tmp_path):
    """Run all three stages; return the splits, the duplicates and the facts."""

    def divide(source, seed=1):
        take(source)
        normalize_corpus(tmp_path / "out", CLEAN, (), tmp_path / "clean")
        out = tmp_path / "dedup"
        dedup_corpus(tmp_path / "clean", CONFIG, seed, out)
        splits = {name: list(read_documents(out / f"{name}.jsonl")) for name in ("train", "val")}
        dups = [json.loads(line) for line in (out / "dups.jsonl").read_bytes().splitlines()]
        return splits, dups, Manifest.read(out, "corpus.dedup").facts

    return divide


def test_first_of_equal_texts_is_kept_and_the_others_are_listed(divide, folder):
    for name, text in {"a": "same", "b": "other", "c": "same \r\n", "d": "same\n"}.items():
        (folder / f"{name}.txt").write_text(text, newline="")

    splits, dups, facts = divide("text")

    assert sorted(d.id for d in splits["train"] + splits["val"]) == ["a.txt", "b.txt", "c.txt"]
    assert dups == [
        {
            "dropped": "d.txt",
            "dropped_source": "own",
            "kept": "c.txt",
            "kept_source": "own",
            "kind": "exact",
        }
    ]
    assert facts["dropped"] == {"exact_duplicate": 1}


def test_splits_are_disjoint_complete_and_counted(divide):
    splits, dups, facts = divide(STORIES)

    texts = [document.text for split in splits.values() for document in split]
    assert len(set(texts)) == len(texts) == facts["docs_out"]
    assert facts["docs_in"] == len(texts) + len(dups) == 300
    for name, split in splits.items():
        n_bytes = sum(len(document.text.encode()) for document in split)
        assert facts["splits"][name] == {"docs": len(split), "bytes": n_bytes}
        assert facts["sources"][0][name] == facts["splits"][name]


def test_planted_copies_are_all_found(divide):
    _, dups, facts = divide(STORIES)

    planted = facts["planted"]["exact_duplicate"]["stories"]
    assert planted["planted"] == planted["found"] == len(dups) > 15
    assert planted["recall"] == 1.0


def test_truth_stays_with_the_documents(divide):
    splits, _, _ = divide(STORIES)

    truths = {document.meta["truth"] for split in splits.values() for document in split}
    assert truths == {"clean", "near_duplicate"}


def test_seed_changes_the_split_and_nothing_else(divide):
    one, dups, _ = divide(STORIES, seed=1)
    two, same, _ = divide(STORIES, seed=2)

    assert dups == same
    assert {d.id for d in one["val"]} != {d.id for d in two["val"]}
    assert {d.id for s in one.values() for d in s} == {d.id for s in two.values() for d in s}


def test_documents_keep_their_order(divide):
    splits, _, _ = divide(STORIES)

    numbers = [int(document.id.removeprefix("stories-")) for document in splits["train"]]
    assert numbers == sorted(numbers)
