"""filter: what breaks a rule goes, with its reason; what is left is counted to the byte."""

import json
from dataclasses import replace

import pytest

from alm.config import CorpusParams, Recipe, SyntheticSource, TextSource
from alm.corpus import SOURCES, Document, Origin, read_documents, write_documents
from alm.corpus.filter import Filtering
from alm.corpus.filters import judge, list_rules
from alm.errors import ConfigError, InputError, IntegrityError
from alm.io import Manifest
from alm.work import run_step, unit

SPAM = "buy cheap kites online now " * 6
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TASKS = ("stories", "arithmetic", "recall")


@pytest.fixture(scope="module")
def config():
    return CorpusParams.load("synthetic").filter


@pytest.fixture
def prepare(tmp_path, config):
    """Lay down what dedup would, and return the step that filters it."""

    def prepare(splits, filters, score_min=None, config=config):
        sources = [
            {"name": name, "kind": "text", "licence": "unknown", "score_min": score_min}
            | {split: count(documents, name) for split, documents in splits.items()}
            for name in filters
        ]
        out = tmp_path / "dedup"
        for split, documents in splits.items():
            write_documents(out / f"{split}.jsonl", documents)
        Manifest.write(out, "corpus.dedup", params={}, inputs={}, facts={"sources": sources})
        recipe = Recipe(
            sources=tuple(
                TextSource(kind="text", name=name, licence="unknown", glob="*", filters=names)
                for name, names in filters.items()
            ),
            keep_trailing_spaces=(),
        )
        return Filtering.of(out, config, recipe, tmp_path / "evaluation")

    return prepare


@pytest.fixture
def sift(prepare, tmp_path):
    """Filter, and return both splits, the list of dropped documents, and the facts."""

    def sift(*args, **kwargs):
        out = tmp_path / "filter"
        manifest = run_step(prepare(*args, **kwargs), out, 1)
        manifest.verify(out)
        splits = {split: list(read_documents(out / f"{split}.jsonl")) for split in ("train", "val")}
        lines = (out / "dropped.jsonl").read_text().splitlines()
        return splits, [json.loads(line) for line in lines], manifest.facts

    return sift


def count(documents, source):
    texts = [document.text for document in documents if document.source == source]
    return {"docs": len(texts), "bytes": sum(len(text.encode()) for text in texts)}


def make(source, *texts, start=0, **meta):
    return [Document(f"{source}{i}", source, text, meta) for i, text in enumerate(texts, start)]


def test_documents_pass_the_rules_of_their_source_alone(sift):
    splits = {
        "train": [*make("a", "fine", SPAM), *make("b", SPAM, "good")],
        "val": [*make("a", "é", HEX, start=2), *make("b", "also", start=2)],
    }

    kept, dropped, facts = sift(splits, {"a": ("coherent",), "b": ()})

    assert [d.text for d in kept["train"]] == ["fine", SPAM, "good"]
    assert [d.text for d in kept["val"]] == ["é", "also"]
    assert [(d["id"], d["split"], d["reason"]) for d in dropped] == [
        ("a1", "train", "coherent:duplicate_10gram_characters"),
        ("a3", "val", "coherent:ascii_word_length"),
    ]
    assert (dropped[1]["found"], dropped[1]["limit"]) == (64.0, 40.0)
    assert facts["docs_in"] == facts["docs_out"] + len(dropped) == 7


def test_books_count_each_source_and_split_to_the_byte(sift):
    splits = {"train": [*make("a", "fine"), *make("b", "é", SPAM)], "val": make("b", "ok", start=2)}

    kept, _, facts = sift(splits, {"a": ("coherent",), "b": ("coherent",)})

    for split, documents in kept.items():
        for source in facts["sources"]:
            assert source[split] == count(documents, source["name"])
        totals = [source[split] for source in facts["sources"]]
        assert facts["splits"][split]["docs"] == sum(total["docs"] for total in totals)
        assert facts["splits"][split]["bytes"] == sum(total["bytes"] for total in totals)
    assert facts["dropped"] == {"coherent:duplicate_10gram_characters": 1}


def test_without_filters_everything_goes_on_as_it_is(sift, tmp_path):
    splits = {"train": [*make("a", SPAM, HEX), *make("b", "é")], "val": make("b", "ok", start=1)}

    kept, dropped, facts = sift(splits, {"a": (), "b": ()})

    assert kept == splits
    assert dropped == []
    assert facts["docs_in"] == facts["docs_out"] == 4
    assert facts["sources"][1]["val"] == {"docs": 1, "bytes": 2}
    for split in splits:
        name = f"{split}.jsonl"
        assert (tmp_path / "filter" / name).read_bytes() == (tmp_path / "dedup" / name).read_bytes()


def test_score_is_compared_without_any_rule(sift):
    train = [*make("a", "low", score=0.5), *make("a", "high", start=1, score=0.9)]

    kept, dropped, _ = sift({"train": train, "val": train[1:]}, {"a": ()}, score_min=0.8)

    assert [d.text for d in kept["train"]] == ["high"]
    assert [(d["reason"], d["found"], d["limit"]) for d in dropped] == [("score", 0.5, 0.8)]


def test_strangest_documents_of_a_source_are_dropped_by_percentile(sift, config):
    plain = [f"the cat sat on the mat with {n} other cats" for n in ("two", "six", "ten")]
    strange = "zyx qj vkw pfj xq"
    wanted = replace(config.perplexity, reference="good", max_percentile=75.0)
    splits = {
        "train": [*make("good", *plain), *make("odd", *plain[:2], strange, plain[2], truth="x")],
        "val": make("odd", strange, plain[0], start=4, truth="junk"),
    }

    kept, dropped, facts = sift(
        splits,
        {"good": ("coherent",), "odd": ("perplexity",)},
        config=replace(config, perplexity=wanted),
    )

    assert [d.text for d in kept["train"]] == plain * 2
    assert [d.text for d in kept["val"]] == [plain[0]]
    assert [(d["id"], d["reason"]) for d in dropped] == [
        ("odd2", "perplexity:bits_per_byte"),
        ("odd4", "perplexity:bits_per_byte"),
    ]
    cut = facts["max_bits_per_byte"]
    assert list(cut) == ["odd"]
    assert all(drop["found"] > drop["limit"] == cut["odd"] for drop in dropped)
    assert facts["docs_in"] == 9
    assert facts["sources"][1]["train"] == count(kept["train"], "odd")
    assert facts["planted"]["junk"]["all"] == {
        "planted": 2,
        "found": 1,
        "recall": 0.5,
        "good": 4,
        "falsely_dropped": 1,
        "falsely_dropped_share": 0.25,
    }


@pytest.mark.parametrize(
    ("reference", "filters", "what"),
    [
        (None, {"a": ("perplexity",)}, r"filter\.perplexity\.reference"),
        ("c", {"a": ("perplexity",)}, r"found 'c'; choose from: a"),
        ("a", {"a": ("perplexity",)}, "judged by itself"),
    ],
)
def test_perplexity_needs_another_source(prepare, config, reference, filters, what):
    wanted = replace(config, perplexity=replace(config.perplexity, reference=reference))

    with pytest.raises(ConfigError, match=what):
        prepare({"train": make("a", "x"), "val": []}, filters, config=wanted)


def test_documents_that_hold_an_evaluation_passage_are_dropped(sift, config, tmp_path):
    words = " ".join(f"word{i}" for i in range(20))
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "exam.jsonl").write_text(json.dumps({"q": words}) + "\n")
    wanted = replace(config.decontamination, files=("exam.jsonl",))

    _, dropped, facts = sift(
        {"train": make("a", "clean", f"see: {words.upper()}!"), "val": make("a", "x", start=2)},
        {"a": ("decontamination",)},
        config=replace(config, decontamination=wanted),
    )

    assert [(d["id"], d["reason"]) for d in dropped] == [("a1", "contaminated")]
    inputs = Manifest.read(tmp_path / "filter", "corpus.filter").inputs
    assert list(inputs) == ["dedup", "evaluation/exam.jsonl"]


def test_decontamination_without_files_is_refused(prepare):
    with pytest.raises(ConfigError, match=r"filter\.decontamination\.files"):
        prepare({"train": make("a", "x"), "val": []}, {"a": ("decontamination",)})


def test_addresses_are_masked_and_bytes_counted_after_it(sift):
    splits = {"train": make("a", "ann@mail.org 8.8.8.8"), "val": make("a", "x", start=1)}

    kept, _, facts = sift(splits, {"a": ("pii",)})

    assert kept["train"][0].text == "name@example.com 192.0.2.1"
    assert facts["masked"] == {"emails": 1, "ipv4": 1}
    assert facts["splits"]["train"] == count(kept["train"], "a")


def test_empty_split_is_an_error_that_names_the_rules(sift):
    splits = {"train": make("a", "fine"), "val": make("a", SPAM, start=1)}

    with pytest.raises(InputError, match=r"in val, found none \(coherent:dup.* 1\).*recipe"):
        sift(splits, {"a": ("coherent",)})


def test_damaged_input_is_refused(prepare, config, tmp_path):
    prepare({"train": make("a", "x"), "val": []}, {"a": ()})
    (tmp_path / "dedup" / "train.jsonl").write_text("")
    recipe = CorpusParams.load("own").recipe

    with pytest.raises(IntegrityError, match=r"train\.jsonl"):
        Filtering.of(tmp_path / "dedup", config, recipe, tmp_path)


def test_workers_and_cuts_change_no_byte(prepare, config, tmp_path, monkeypatch):
    texts = [f"a plain text about {n} cats" for n in range(40)]
    train = [*make("a", *texts, SPAM), *make("b", *texts[:20], HEX, "xq zj kvw"), *make("a", "end")]
    wanted = replace(config.perplexity, reference="a", max_percentile=90.0)
    step = prepare(
        {"train": train, "val": make("b", *texts[20:30])},
        {"a": ("coherent",), "b": ("coherent", "perplexity")},
        config=replace(config, perplexity=wanted),
    )
    whole = run_step(step, tmp_path / "one", 1)
    monkeypatch.setattr(unit, "UNIT_BYTES", 700)

    assert len(step.units()) > 5
    assert run_step(step, tmp_path / "cut", 1) == whole
    assert run_step(step, tmp_path / "two", 2) == whole


# --- what the generator plants --------------------------------------------------------------------


@pytest.mark.parametrize("seed", [3, 20_26])
def test_junk_of_every_kind_is_found_and_nothing_good_is_dropped(seed, config, ingest_config):
    rules = list_rules(config, ["coherent"])
    came, found = {}, {}
    for task in TASKS:
        source = SyntheticSource(
            kind="synthetic",
            name=task,
            licence="CC0-1.0",
            filters=("coherent",),
            task=task,
            n_docs=1500,
            exact_duplicates=0.0,
            near_duplicates=0.02,
            junk=0.2,
        )
        records = list(SOURCES["synthetic"](source, Origin(None, seed, ingest_config)))
        breaches = judge([record.text for record in records], rules)
        for record, breach in zip(records, breaches, strict=True):
            kind = record.meta.get("junk", "good")
            came[kind] = came.get(kind, 0) + 1
            found[kind] = found.get(kind, 0) + (breach is not None)
    shares = {kind: found[kind] / came[kind] for kind in came if kind != "binary"}

    assert shares.pop("good") <= 0.01
    assert set(shares) == {"noise", "spam", "dump", "markup"}
    assert min(shares.values()) >= 0.95


@pytest.mark.parametrize(
    "part", ["topics", "sources", pytest.param("docstrings", marks=pytest.mark.nightly)]
)
def test_text_of_the_running_python_is_coherent(part, config, ingest_config):
    sources = CorpusParams.load("stdlib").recipe.sources
    source = next(each for each in sources if each.name == part)
    origin = Origin(None, 1, replace(ingest_config, max_doc_bytes=1 << 20))
    records = [each for each in SOURCES["stdlib"](source, origin) if hasattr(each, "meta")]
    texts = [record.text for record in records if record.text.strip()]

    batches = (texts[i : i + 20] for i in range(0, len(texts), 20))
    rules = list_rules(config, ["coherent"])
    breaches = [breach for batch in batches for breach in judge(batch, rules)]

    assert sum(breach is not None for breach in breaches) <= 0.01 * len(texts)
