"""ingest: sources in the recipe's order, a manifest that explains the snapshot."""

from dataclasses import replace

import pytest

from alm.config import NormalizeConfig, Recipe, SyntheticSource
from alm.corpus import Normalization, Origin, read_documents
from alm.corpus.ingest import Ingestion
from alm.errors import InputError
from alm.io import Manifest
from alm.work import run_step

SUMS = SyntheticSource(
    kind="synthetic",
    name="sums",
    licence="CC0-1.0",
    filters=(),
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
        step = Ingestion.of(recipe, Origin(folder, seed, ingest_config))
        return run_step(step, tmp_path / "out", 1)

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


def test_filters_of_a_recipe_are_no_matter_of_ingest(ingest):
    """So that another filter does not clean and compare all the text again."""
    assert ingest(SUMS).sha256 == ingest(replace(SUMS, filters=("coherent",))).sha256


def test_score_and_target_of_a_source_are_carried_on(take, write_rows, tmp_path):
    write_rows(*[{"text": "x" * 10, "q": i} for i in range(9)])
    limits = {"score_min": 3.0, "target_tokens": 10, "bytes_per_token": 4.0}

    taken = take("jsonl", score_field="q", **limits)

    (source,) = taken.facts["sources"]
    assert (source["score_min"], source["target_tokens"]) == (3.0, 10)
    assert (source["docs"], source["limit_reached"]) == (5, "target_tokens")
    assert source["assumed_bytes_per_token"] == 4.0
    config = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)
    run_step(Normalization.of(tmp_path / "out", config, ()), tmp_path / "clean", 1)
    (source,) = Manifest.read(tmp_path / "clean", "corpus.normalize").facts["sources"]
    assert (source["score_min"], source["target_tokens"]) == (3.0, 10)


def test_source_that_stops_early_is_not_read_to_its_end(take, folder, write_rows):
    write_rows(*[{"text": "x"}] * 5, name="a.jsonl")
    (folder / "b.jsonl.gz").write_bytes(b"no archive")

    assert len(take("jsonl", max_docs=5).texts) == 5
    with pytest.raises(InputError, match="damaged"):
        take("jsonl", max_docs=6)


def test_every_number_of_workers_and_every_cut_give_the_same_bytes(
    folder, write_rows, tmp_path, ingest_config, monkeypatch
):
    from .conftest import JSONL, TEXT

    for i in range(4):
        write_rows({"text": f"row {i}", "id": "a"}, b"{", {"text": "x"}, name=f"{i}.jsonl")
        (folder / f"{i}.txt").write_bytes(b"text %d" % i + b"\xff" * (i == 2))
    rows = replace(JSONL, name="given", id_field="id")
    sums = replace(SUMS, n_docs=2500, junk=0.1)
    recipe = Recipe(sources=(rows, TEXT, sums, JSONL), keep_trailing_spaces=())
    origin = Origin(folder, 1, replace(ingest_config, on_id_conflict="suffix"))

    digests = []
    for n_workers, size in ((1, 1 << 22), (1, 1), (3, 1)):
        monkeypatch.setattr("alm.corpus.sources.files.UNIT_BYTES", size)
        out = tmp_path / f"{n_workers}-{size}"
        digests.append(run_step(Ingestion.of(recipe, origin), out, n_workers).sha256)

    assert len(set(digests)) == 1
    taken = {d.id for d in read_documents(out / "documents.jsonl") if d.source == "given"}
    assert taken == {"a", "a~2", "a~3", "a~4"}
