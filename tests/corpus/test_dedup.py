"""dedup: what says the same goes, the first stays, and every document lands on one side."""

import json
import re
from dataclasses import asdict, replace

import pytest

from alm.config import DedupConfig, IngestConfig, SyntheticSource
from alm.corpus import Document, Origin, read_documents, write_documents
from alm.corpus.dedup import Deduplication
from alm.corpus.jaccard import measure_overlap
from alm.corpus.sources.synthetic import SyntheticReader
from alm.errors import IntegrityError
from alm.io import Manifest, new_directory, sha256_tree
from alm.work import run_step

CONFIG = DedupConfig(
    near_duplicates="global",
    min_jaccard=0.8,
    shingle_words=5,
    n_bands=16,
    band_rows=8,
    val_fraction=0.2,
)
STORIES = SyntheticSource(
    kind="synthetic",
    name="stories",
    licence="CC0-1.0",
    filters=(),
    task="stories",
    n_docs=300,
    exact_duplicates=0.1,
    near_duplicates=0.1,
    junk=0.0,
)
SUMS = replace(STORIES, name="sums", task="arithmetic", near_duplicates=0.2)
WORD = re.compile(rb"[0-9A-Za-z_\x80-\xff]+")
LONG = " ".join(f"word{i}" for i in range(100))


@pytest.fixture
def write(tmp_path):
    """Write documents as normalize would."""

    def write(documents, names=("own",)):
        sources = [{"name": name, "kind": "text", "licence": "unknown"} for name in names]
        with new_directory(tmp_path / "normalize") as root:
            write_documents(root / "documents.jsonl", documents)
            facts = {"sources": sources}
            Manifest.write(root, "corpus.normalize", params={}, inputs={}, facts=facts)

    return write


@pytest.fixture
def divide(tmp_path):
    """Run the stage; return the splits, the duplicates and the facts."""

    def divide(seed=1, workers=1, name="dedup", **changes):
        step = Deduplication.of(tmp_path / "normalize", replace(CONFIG, **changes), seed)
        out = tmp_path / name
        run_step(step, out, workers)
        manifest = Manifest.read(out, "corpus.dedup")
        manifest.verify(out)
        assert set(manifest.files) == {"train.jsonl", "val.jsonl", "dups.jsonl"}
        splits = {name: list(read_documents(out / f"{name}.jsonl")) for name in ("train", "val")}
        dups = [json.loads(line) for line in (out / "dups.jsonl").read_bytes().splitlines()]
        return splits, dups, manifest.facts

    return divide


@pytest.fixture
def compared(monkeypatch):
    """A list with an entry for each pair that was compared."""
    calls = []

    def note(*sets):
        calls.append(sets)
        return measure_overlap(*sets)

    monkeypatch.setattr("alm.corpus.jaccard.measure_overlap", note)
    return calls


def name_texts(*texts, source="own"):
    return [Document(f"{source}{i}", source, text, {}) for i, text in enumerate(texts)]


@pytest.fixture
def generated(write):
    """300 stories and 300 sums, with copies planted among them."""
    origin = Origin(None, 5, IngestConfig(**INGEST))
    documents = [
        Document(record.id, source.name, record.text, record.meta)
        for source in (STORIES, SUMS)
        for record in SyntheticReader(source, origin)
    ]
    write(documents, ["stories", "sums"])
    return {(each.source, each.id): each.text for each in documents}


INGEST = {
    "max_doc_bytes": 10**6,
    "on_long_document": "quarantine",
    "on_bad_utf8": "quarantine",
    "on_bad_file": "fail",
    "on_id_conflict": "fail",
    "max_bad_fraction": 0.1,
    "max_bad_run": 50,
}


def pairs_of(dups):
    return [(each["dropped"], each["kept"], each["kind"]) for each in dups]


def test_first_of_equal_texts_is_kept_and_the_others_are_listed(write, divide):
    write(name_texts("same", "other", "more", "same"))

    splits, dups, facts = divide()

    assert sorted(d.id for d in splits["train"] + splits["val"]) == ["own0", "own1", "own2"]
    assert dups == [
        {
            "dropped": "own3",
            "dropped_source": "own",
            "kept": "own0",
            "kept_source": "own",
            "kind": "exact",
            "jaccard": 1.0,
        }
    ]
    assert facts["dropped"] == {"exact_duplicate": 1}


def test_text_with_a_word_exchanged_is_dropped_with_its_overlap(write, divide):
    write(name_texts(LONG, LONG.replace("word99", "other"), "something else altogether"))

    _, dups, facts = divide()

    assert pairs_of(dups) == [("own1", "own0", "near")]
    assert dups[0]["jaccard"] == 95 / 97
    assert facts["dropped"] == {"near_duplicate": 1}


def test_symbols_alone_are_no_near_duplicates(write, divide, compared):
    write(name_texts("?! ...", "... ---", "***", "?! ..."))

    _, dups, _ = divide()

    assert pairs_of(dups) == [("own3", "own0", "exact")]
    assert compared == []


def test_copies_are_not_compared_once_more(write, divide, compared):
    write(name_texts("other", *[LONG] * 20))

    _, dups, _ = divide()

    assert len(dups) == 19
    assert compared == []


def test_every_dropped_document_has_a_kept_twin_that_is_like_it(generated, divide):
    splits, dups, _ = divide()

    def shingles(source, name):
        words = WORD.findall(generated[source, name].encode().lower())
        return {tuple(words[i : i + 5]) for i in range(max(len(words) - 4, 1))}

    kept = {(each.source, each.id) for split in splits.values() for each in split}
    assert len(dups) > 80
    for each in dups:
        one, two = (
            shingles(*name)
            for name in (
                (each["dropped_source"], each["dropped"]),
                (each["kept_source"], each["kept"]),
            )
        )
        assert (each["kept_source"], each["kept"]) in kept
        assert (each["dropped_source"], each["dropped"]) not in kept
        assert each["jaccard"] == len(one & two) / len(one | two) >= 0.8


def test_splits_are_disjoint_complete_and_counted(generated, divide):
    splits, dups, facts = divide()

    names = [(each.source, each.id) for split in splits.values() for each in split]
    assert len(set(names)) == len(names) == facts["docs_out"]
    assert facts["docs_in"] == len(names) + len(dups) == len(generated)
    for name, split in splits.items():
        n_bytes = sum(len(document.text.encode()) for document in split)
        assert facts["splits"][name] == {"docs": len(split), "bytes": n_bytes}
        assert sum(source[name]["docs"] for source in facts["sources"]) == len(split)


def test_planted_copies_are_found(generated, divide):
    _, dups, facts = divide()

    exact, near = facts["planted"]["exact_duplicate"], facts["planted"]["near_duplicate"]
    assert exact["stories"]["planted"] > 15
    assert all(source["recall"] == 1.0 for source in exact.values())
    assert near["all"]["alike"] > 20
    assert near["all"]["recall"] >= 0.94
    assert near["all"]["precision"] == 1.0
    assert near["all"]["dropped"] == sum(each["kind"] == "near" for each in dups)
    assert near["sources"].keys() == {"stories", "sums"}


def test_seed_changes_the_split_and_nothing_else(generated, divide):
    one, dups, _ = divide(seed=1)
    two, same, _ = divide(seed=2)

    assert dups == same
    assert {d.id for d in one["val"]} != {d.id for d in two["val"]}
    assert {d.id for s in one.values() for d in s} == {d.id for s in two.values() for d in s}


def test_documents_keep_their_order(generated, divide):
    splits, _, _ = divide()

    order = {name: place for place, name in enumerate(generated)}
    for split in splits.values():
        places = [order[each.source, each.id] for each in split]
        assert places == sorted(places)


def test_units_workers_and_memory_change_nothing(generated, divide, monkeypatch, tmp_path):
    divide(name="one")
    monkeypatch.setattr("alm.corpus.dedup.BATCH_BYTES", 3000)
    monkeypatch.setattr("alm.corpus.jaccard.BATCH_BYTES", 3000)
    monkeypatch.setattr("alm.corpus.spill.BUDGET_BYTES", 6000)
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 50_000)
    divide(name="many")

    assert sha256_tree(tmp_path / "one") == sha256_tree(tmp_path / "many")


def test_workers_change_nothing(write, divide, monkeypatch, tmp_path):
    texts = [LONG.replace("word", f"{i // 2}w") + f" {i}" for i in range(80)]
    write(name_texts(*texts))
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 12_000)

    _, dups, _ = divide(name="one")
    divide(name="many", workers=3)

    assert len(dups) == 40
    assert sha256_tree(tmp_path / "one") == sha256_tree(tmp_path / "many")


def test_near_duplicates_may_be_looked_for_within_sources_or_not_at_all(write, divide):
    ours = name_texts(LONG, "short", f"{LONG} 1", source="a")
    theirs = name_texts(f"{LONG} 2", "short", f"{LONG} 3", source="b")
    write([*ours, *theirs], ["a", "b"])

    everywhere, within, nowhere = (
        pairs_of(divide(near_duplicates=each)[1]) for each in ("global", "source", "off")
    )

    copy = ("b1", "a1", "exact")
    assert everywhere == [("a2", "a0", "near"), ("b0", "a0", "near"), copy, ("b2", "a0", "near")]
    assert within == [("a2", "a0", "near"), copy, ("b2", "b0", "near")]
    assert nowhere == [copy]


def test_those_alike_and_those_of_one_group_stay_on_one_side(write, divide):
    documents = [
        Document(f"{i}{half}", "own", f"{i} {half} {LONG} {i * i}", {"group": i})
        for half in "ab"
        for i in range(50)
    ]
    write([replace(each, text=f"{each.text} " * 2) for each in documents])

    splits, _, facts = divide(near_duplicates="off", val_fraction=0.5)

    assert facts["clusters"] == 50
    for split in splits.values():
        names = {each.id for each in split}
        assert len(names) > 10
        assert names == {f"{name[:-1]}{half}" for name in names for half in "ab"}


def test_thousands_alike_are_not_compared_all_with_all(write, divide, compared):
    write(name_texts("other", *(f"{LONG} {i}" for i in range(1500))))

    _, dups, _ = divide()

    assert len(dups) == 1499
    assert {each["kept"] for each in dups} == {"own1"}
    assert len(compared) < 1500 * 40


def test_damaged_input_is_refused(write, divide, tmp_path):
    write(name_texts("one", "two"))
    with (tmp_path / "normalize/documents.jsonl").open("a") as file:
        file.write("\n")

    with pytest.raises(IntegrityError, match=r"documents\.jsonl"):
        divide()


def test_manifest_names_parameters_input_and_library(write, divide, tmp_path):
    write(name_texts("one", "two"))

    divide()

    manifest = Manifest.read(tmp_path / "dedup", "corpus.dedup")
    source = Manifest.read(tmp_path / "normalize", "corpus.normalize")
    assert manifest.params == {"seed": 1, "dedup": asdict(CONFIG)}
    assert manifest.inputs == {"normalize": source.sha256}
    assert manifest.libraries.keys() == {"datasketch"}
