"""Recipe: the sources of a corpus, or an error that names the source, the key and the file."""

import pytest

from alm.config import Recipe, SyntheticSource, TextSource
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
