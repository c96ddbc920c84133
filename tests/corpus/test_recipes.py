"""The recipes that come with the house."""

from pathlib import Path

import pytest

from alm.config import CorpusParams, Recipe, list_corpora
from alm.corpus import SOURCES, Deduplication, Ingestion, Normalization, Origin
from alm.corpus.sources.record import Record
from alm.errors import ConfigError
from alm.work import run_step

REPO = Path(__file__).parents[2]
EXAMPLES = sorted((REPO / "configs" / "corpora" / "examples").glob("*.yaml"))
OPEN_REVISION = 'revision: "fill-in-a-commit"\n'


@pytest.mark.parametrize("corpus", list_corpora(REPO))
def test_first_line_says_what_the_recipe_is(corpus):
    first = (REPO / "configs" / "corpora" / f"{corpus}.yaml").read_text().splitlines()[0]

    assert first.startswith(f"# {corpus}: ")
    CorpusParams.load(corpus, REPO)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_can_be_copied_and_used(path, tmp_path):
    """But for a revision that is left open, where the recipe says so."""
    text = path.read_text()
    copy = tmp_path / path.name
    copy.write_text(text.replace(OPEN_REVISION, f'revision: "{"0" * 40}"\n'))

    (source,) = Recipe.load(copy).sources

    assert text.startswith(f"# {path.stem}: ")
    assert (source.kind, source.name) == ("hf", path.stem)
    assert (OPEN_REVISION in text) == ("revision is yours to fill in" in text)
    if OPEN_REVISION in text:
        with pytest.raises(
            ConfigError, match=r"40 hex digits of a commit, found 'fill-in-a-commit'"
        ):
            Recipe.load(path)


def test_examples_are_the_ones_that_are_promised():
    names = "fineweb_edu github_code stackexchange tinystories ultra_fineweb wikipedia"

    assert [path.stem for path in EXAMPLES] == names.split()


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic")
    params = CorpusParams.load("synthetic", REPO)
    origin = Origin(REPO, params.seed, params.ingest)
    run_step(Ingestion.of(params.recipe, origin), root / "a", 1)
    run_step(Normalization.of(root / "a", params.normalize, ()), root / "b", 1)
    step = Deduplication.of(root / "b", params.dedup, params.seed)
    return run_step(step, root / "c", 1).facts


def test_synthetic_corpus_has_two_megabytes_to_train_on(synthetic):
    assert 1_900_000 < synthetic["splits"]["train"]["bytes"] < 2_100_000


def test_every_source_of_the_synthetic_corpus_has_text_to_validate_on(synthetic):
    assert all(source["val"]["bytes"] > 10_000 for source in synthetic["sources"])


def test_every_planted_copy_of_the_synthetic_corpus_is_found(synthetic):
    planted = synthetic["planted"]["exact_duplicate"]

    assert planted.keys() == {"stories", "arithmetic", "recall"}
    assert all(each["recall"] == 1.0 for each in planted.values())


def test_near_duplicates_of_the_synthetic_corpus_are_found_and_nothing_else_is(synthetic):
    near = synthetic["planted"]["near_duplicate"]["all"]

    assert near["alike"] > 50
    assert near["recall"] >= 0.94
    assert near["precision"] == 1.0


def test_a_tenth_of_the_stdlib_corpus_is_generated(ingest_config):
    """The real part is 13.8 MB on Python 3.11; other versions are near it."""
    recipe = CorpusParams.load("stdlib", REPO).recipe
    generated = [source for source in recipe.sources if source.kind == "synthetic"]
    origin = Origin(REPO, 1337, ingest_config)

    items = [item for each in generated for item in SOURCES[each.kind](each, origin)]

    assert all(isinstance(item, Record) for item in items)
    assert sum(len(item.text) for item in items) == pytest.approx(1_530_000, rel=0.05)
