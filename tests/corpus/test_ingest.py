"""ingest: sources in the recipe's order, a manifest that explains the snapshot."""

from dataclasses import replace

import pytest

from alm.config import Recipe, SyntheticSource
from alm.corpus import Origin, ingest_corpus, read_documents
from alm.errors import InputError
from alm.io import Manifest

SUMS = SyntheticSource(
    kind="synthetic",
    name="sums",
    licence="CC0-1.0",
    task="arithmetic",
    n_docs=20,
    exact_duplicates=0.0,
    near_duplicates=0.0,
    junk=0.0,
)
FACTS = replace(SUMS, name="facts", task="recall", n_docs=5)


@pytest.fixture
def ingest(folder, tmp_path, ingest_config):
    def ingest(*sources, seed=1):
        recipe = Recipe(sources=sources, keep_trailing_spaces=())
        ingest_corpus(recipe, Origin(folder, seed, ingest_config), tmp_path / "out")
        return Manifest.read(tmp_path / "out", "corpus.ingest")

    return ingest


def test_sources_come_in_the_order_of_the_recipe(ingest, tmp_path):
    manifest = ingest(FACTS, SUMS)

    sources = [document.source for document in read_documents(tmp_path / "out/documents.jsonl")]
    assert sources == ["facts"] * 5 + ["sums"] * 20
    assert [source["name"] for source in manifest.facts["sources"]] == ["facts", "sums"]
    assert manifest.facts["sources"][0]["licence"] == "CC0-1.0"


def test_equal_recipes_give_equal_manifests(ingest):
    assert ingest(SUMS).sha256 == ingest(SUMS).sha256
    assert ingest(SUMS).sha256 != ingest(SUMS, seed=2).sha256


def test_changed_file_changes_the_manifest(take, folder, tmp_path):
    digests = set()
    for text in ("one", "two"):
        (folder / "a.txt").write_text(text)
        take("text")
        digests.add(Manifest.read(tmp_path / "out", "corpus.ingest").inputs["own"])

    assert len(digests) == 2


def test_licence_and_counts_of_a_source_are_in_the_facts(take, folder):
    (folder / "a.txt").write_text("é")

    (source,) = take("text").facts["sources"]

    assert (source["docs"], source["bytes"], source["files"]) == (1, 2, 1)
    assert (source["kind"], source["licence"]) == ("text", "unknown")


def test_manifest_does_not_know_where_the_input_lay(take, folder, tmp_path):
    (folder / "a.txt").write_text("one")
    before = take("text").root.joinpath("manifest.json").read_bytes()

    moved = folder.rename(tmp_path / "elsewhere")

    assert take("text", root=moved).root.joinpath("manifest.json").read_bytes() == before


def test_empty_source_is_an_error_even_beside_a_full_one(ingest, folder):
    from .conftest import TEXT

    (folder / "a.txt").write_text("")

    with pytest.raises(InputError, match="source 'own': expected documents, found none"):
        ingest(SUMS, TEXT)
