import pytest

from alm.config import CorpusParams
from alm.io import Manifest, new_directory
from alm.project.budget import Budget, HeldOut, Shards, SourceBudget, describe_sources


@pytest.fixture
def build(project):
    """Leave the manifest of a text stage."""

    def write(stage, kind, facts):
        with new_directory(project / "build" / "corpora" / "synthetic" / stage) as root:
            Manifest.write(root, kind, params={}, inputs={}, facts=facts)

    return write


def plan(project):
    return Budget.of("synthetic", CorpusParams.load("synthetic", project), project)


def text(n_bytes):
    return {"sources": [{"name": "pages", "bytes": n_bytes}]}


def test_a_source_without_a_promise_is_not_guessed_at(project):
    budget = plan(project)

    assert (budget.tokens, budget.shards) == (None, None)
    assert [(each.name, each.tokens, each.basis) for each in budget.sources] == [
        ("letters", None, "not read yet")
    ]


def test_a_promise_of_the_recipe_is_called_an_assumption(project, jsonl):
    jsonl(target_tokens=5000, bytes_per_token=4.0, max_docs=70)
    (source,) = plan(project).sources

    assert source.tokens == 5000
    assert source.basis == "assumed: target_tokens of the recipe; 70 documents (max_docs)"


def test_text_that_is_there_counts_with_the_assumed_bytes_per_token(project, jsonl, build):
    jsonl(bytes_per_token=4.0)
    build("ingest", "corpus.ingest", text(2_000_000))
    (source,) = plan(project).sources

    assert source.tokens == 475_000
    assert source.basis == "1.9 MB of text, 4.00 bytes per token assumed by the recipe"


def test_the_last_stage_and_the_tokenizer_know_better(project, jsonl, build):
    jsonl(bytes_per_token=4.0)
    build("ingest", "corpus.ingest", text(2_000_000))
    build("filter", "corpus.filter", text(1_000_000))
    build("tokenizer", "tokenizer", {"val": {"bytes_per_token": {"pages": 2.5}}})
    (source,) = plan(project).sources

    assert source.tokens == 380_000
    assert source.basis == "0.9 MB of text, 2.50 bytes per token as the tokenizer measured"


def test_text_alone_says_how_much_it_is(project, jsonl, build):
    jsonl()
    build("dedup", "corpus.dedup", text(3_000_000))
    (source,) = plan(project).sources

    assert source.tokens is None
    assert source.basis == "2.9 MB of text, no tokenizer to count its tokens yet"


def test_no_more_is_expected_than_is_wanted(project, jsonl, build):
    jsonl(target_tokens=5000, bytes_per_token=4.0)
    build("ingest", "corpus.ingest", text(2_000_000))

    assert plan(project).tokens == 5000


def test_shards_of_both_splits_are_expected(project, jsonl, change):
    change("corpora.synthetic.pack", {"shard_tokens": 1024})
    jsonl(target_tokens=9500, bytes_per_token=4.0)

    assert plan(project).shards == Shards(n_files=10 + 1, n_bytes=4 * 10_000)


def test_what_is_packed_is_counted(project, build):
    sources = {
        "a": {"docs": 7, "bytes": 300, "tokens": 70},
        "b": {"docs": 2, "bytes": 90, "tokens": 30},
    }
    split = {"shards": [], "sources": sources, "tokens": 100}
    facts = {"splits": {"train": split, "val": split}, "sources": [{"name": "b"}, {"name": "a"}]}
    build("packed", "corpus.packed", facts)
    budget = plan(project)

    assert (budget.is_packed, budget.tokens) == (True, 100)
    assert [(each.name, each.tokens) for each in budget.sources] == [("b", 30), ("a", 70)]
    assert budget.held_out[0] == HeldOut(name="a", docs=7, bytes=300, tokens=70)


def test_what_is_not_known_has_a_question_mark():
    sources = (
        SourceBudget(name="a", tokens=50, basis="guessed"),
        SourceBudget(name="bb", tokens=None, basis="not read yet"),
    )
    budget = Budget(sources=sources, is_packed=False, shards=None, held_out=None)

    assert describe_sources(budget, 100, {}) == [
        "source  tokens  read  known from",
        "a          ~50     ?  guessed",
        "bb           ?     ?  not read yet",
    ]
    assert describe_sources(budget, 100, {"a": 1.0})[1] == "a          ~50  2.00 times  guessed"
