"""Recipe: the sources of a corpus, or an error that names the source, the key and the file."""

import pytest

from alm.config import FilterConfig, Recipe, SyntheticSource, TextSource
from alm.config.recipe import RULE_SETS
from alm.errors import ConfigError

FILE = "configs/corpora/synthetic.yaml"


@pytest.fixture
def load(house):
    return lambda: Recipe.load(house.root / FILE)


def test_sources_come_in_order_as_what_they_are(load):
    recipe = load()

    assert [type(source) for source in recipe.sources] == [SyntheticSource, TextSource]
    assert recipe.keep_trailing_spaces == ("notes",)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sources.0.kind", "hub", r"sources\.0: Input tag 'hub' .*'synthetic', 'stdlib', 'text'"),
        ("sources.0.n_docs", 0, r"sources\.0\.synthetic\.n_docs: .* greater than 0, found 0"),
        ("sources.0.n_docs", "10", r"sources\.0\.synthetic\.n_docs: .* valid integer, found '10'"),
        ("sources.0.junk", 1.5, r"sources\.0\.synthetic\.junk: .* less than or equal to 1"),
        ("sources.0.task", "poems", r"sources\.0\.synthetic\.task: .* 'recall', found 'poems'"),
        ("sources.1.licence", "", r"sources\.1\.text\.licence: .* at least 1 char"),
        ("sources.1.name", "My Notes", r"sources\.1\.text\.name: .* match pattern"),
        ("sources.1.name", "../notes", r"sources\.1\.text\.name: .* match pattern"),
        ("sources.1.globb", "*", r"sources\.1\.text\.globb: unknown key \(did you mean 'glob'\?\)"),
        ("sources.1.name", "stories", r"source names must differ, found stories, stories"),
        ("sources", [], r"sources: .* at least 1 item"),
        (
            "sources.0.filters",
            ["coherent", "gopher_qualty"],
            r"sources\.0\.synthetic\.filters: no rule set 'gopher_qualty' \(did you mean "
            r"'gopher_quality'\?\); choose from: coherent, .* pii",
        ),
        ("sources.1.filters", ["c4", "c4"], r"sources\.1\.text\.filters: expected .* once"),
        ("sources.1.filters", "c4", r"sources\.1\.text\.filters: .* valid tuple"),
        ("sources", {}, r"sources: .* valid tuple"),
        ("source", [], r"source: unknown key \(did you mean 'sources'\?\)"),
        ("keep_trailing_spaces", ["note"], r".* no source: note; choose from: stories, notes"),
        ("keep_trailing_spaces", "notes", r"keep_trailing_spaces: .* valid tuple"),
    ],
)
def test_wrong_value_is_told_with_its_key_and_file(house, load, key, value, message):
    house.set(key, value, file=FILE)

    with pytest.raises(ConfigError, match=rf"^.*/{FILE} cannot be used:\n  {message}"):
        load()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("sources", "sources: missing; write it"),
        ("keep_trailing_spaces", "keep_trailing_spaces: missing; write it"),
        ("sources.0.licence", "sources.0.synthetic.licence: missing; write it"),
        ("sources.0.kind", "sources.0: Unable to extract tag using discriminator 'kind'"),
    ],
)
def test_key_left_out_is_named(house, load, key, message):
    house.drop(key, file=FILE)

    with pytest.raises(ConfigError, match=message):
        load()


@pytest.mark.parametrize("source", [None, 3, "text", []], ids=repr)
def test_source_that_is_no_mapping_is_refused(house, load, source):
    house.set("sources.0", source, file=FILE)

    with pytest.raises(ConfigError, match=r"sources\.0"):
        load()


COMMIT = "0123456789" * 4
ROWS = {
    "kind": "jsonl",
    "name": "rows",
    "licence": "x",
    "filters": [],
    "glob": "*.jsonl",
    "text_field": "text",
    "template": None,
    "id_field": None,
    "score_field": None,
    "score_min": None,
    "max_docs": None,
    "target_tokens": None,
    "bytes_per_token": None,
}
HUB = {
    **{key: value for key, value in ROWS.items() if key != "glob"},
    "kind": "hf",
    "path": "owner/name",
    "config": None,
    "split": "train",
    "revision": COMMIT,
    "data_files": None,
}
SNAPSHOT = {"path": ".", "revision": None}


@pytest.fixture
def load_source(house, load):
    def load_source(source):
        house.write(FILE, {"sources": [source], "keep_trailing_spaces": []})
        return load().sources[0]

    return load_source


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"text_field": None, "template": "{title}\n\n{body[0].text}"},
        {"id_field": "id", "score_field": "score", "score_min": 3},
        {"score_field": "score"},
        {"max_docs": 5, "target_tokens": 10, "bytes_per_token": 4.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("source", [ROWS, HUB, HUB | SNAPSHOT], ids=["jsonl", "hub", "snapshot"])
def test_source_of_rows_is_taken(load_source, source, changes):
    found = load_source(source | changes)

    assert {name: getattr(found, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "{text}"}, "expected either text_field or template"),
        ({"text_field": None}, "expected either text_field or template"),
        ({"text_field": ""}, "at least 1 character"),
        ({"text_field": None, "template": "{a.b"}, "found a single '{'"),
        ({"text_field": None, "template": "{a:>9}"}, "expected a field as a path"),
        ({"score_min": 3.0}, "score_min needs a score_field"),
        ({"score_field": "s", "score_min": float("nan")}, "finite number"),
        ({"target_tokens": 10}, "target_tokens needs bytes_per_token"),
        ({"target_tokens": 10, "bytes_per_token": 0.0}, "greater than 0"),
        ({"max_docs": 0}, "greater than 0"),
    ],
    ids=str,
)
@pytest.mark.parametrize("source", [ROWS, HUB], ids=["jsonl", "hf"])
def test_fields_of_rows_that_do_not_fit_together_are_refused(load_source, source, changes, message):
    with pytest.raises(ConfigError, match=message):
        load_source(source | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            (
                {"revision": revision},
                r"expected the 40 hex digits of a commit, found .* run: python -c "
                r"'from huggingface_hub import HfApi; .*dataset_info\(\"owner/name\"\)\.sha\)'",
            )
            for revision in (
                "main",
                None,
                "v1.0",
                COMMIT[:39],
                COMMIT + "0",
                "A" * 40,
                "\u0661" * 40,
            )
        ),
        *(
            ({"path": path}, "expected owner/name on the hub or ./folder")
            for path in (
                "name",
                "",
                "/abs/folder",
                "../up",
                "a/b/c",
                "https://x/y",
                "owner/",
                "parquet",
            )
        ),
        ({"path": "./a/../../b", "revision": None}, "folder below the input"),
        ({"path": "."}, "expected null for a folder, found '0123"),
        ({"data_files": []}, "at least 1 item"),
        ({"split": ""}, "at least 1 character"),
    ],
    ids=str,
)
def test_dataset_that_could_move_or_lies_elsewhere_is_refused(load_source, changes, message):
    with pytest.raises(ConfigError, match=message):
        load_source(HUB | changes)


@pytest.mark.parametrize("key", sorted(HUB))
def test_every_key_of_a_dataset_is_written(load_source, key):
    """No value is hidden in the code."""
    source = {name: value for name, value in HUB.items() if name != key}

    with pytest.raises(ConfigError, match="missing; write it|discriminator"):
        load_source(source)


def test_rule_sets_are_the_sections_of_filter_and_masking():
    sections = set(FilterConfig.__dataclass_fields__)

    assert set(RULE_SETS) - sections <= {"pii"}
    assert sections <= set(RULE_SETS)
