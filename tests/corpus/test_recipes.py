"""The recipes that come with the house."""

from pathlib import Path

import pytest

from alm.config import CorpusParams, list_corpora
from alm.corpus import SOURCES, Origin, dedup_corpus, ingest_corpus, normalize_corpus
from alm.corpus.sources.record import Record

REPO = Path(__file__).parents[2]


@pytest.mark.parametrize("corpus", list_corpora(REPO))
def test_first_line_says_what_the_recipe_is(corpus):
    first = (REPO / "configs" / "corpora" / f"{corpus}.yaml").read_text().splitlines()[0]

    assert first.startswith(f"# {corpus}: ")
    CorpusParams.load(corpus, REPO)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic")
    params = CorpusParams.load("synthetic", REPO)
    ingest_corpus(params.recipe, Origin(REPO, params.seed, params.ingest), root / "a")
    normalize_corpus(root / "a", params.normalize, (), root / "b")
    return dedup_corpus(root / "b", params.dedup, params.seed, root / "c").facts


def test_synthetic_corpus_has_two_megabytes_to_train_on(synthetic):
    assert 1_900_000 < synthetic["splits"]["train"]["bytes"] < 2_100_000


def test_every_source_of_the_synthetic_corpus_has_text_to_validate_on(synthetic):
    assert all(source["val"]["bytes"] > 10_000 for source in synthetic["sources"])


def test_every_planted_copy_of_the_synthetic_corpus_is_found(synthetic):
    planted = synthetic["planted"]["exact_duplicate"]

    assert planted.keys() == {"stories", "arithmetic", "recall"}
    assert all(each["recall"] == 1.0 for each in planted.values())


def test_a_tenth_of_the_stdlib_corpus_is_generated(ingest_config):
    """The real part is 13.8 MB on Python 3.11; other versions are near it."""
    recipe = CorpusParams.load("stdlib", REPO).recipe
    generated = [source for source in recipe.sources if source.kind == "synthetic"]
    origin = Origin(REPO, 1337, ingest_config)

    items = [item for each in generated for item in SOURCES[each.kind](each, origin)]

    assert all(isinstance(item, Record) for item in items)
    assert sum(len(item.text) for item in items) == pytest.approx(1_530_000, rel=0.05)
