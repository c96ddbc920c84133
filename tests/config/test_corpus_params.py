"""CorpusParams: a corpus and its recipe, or an error that names the key and the file."""

import pytest

from alm.config import CorpusParams, list_corpora
from alm.errors import ConfigError


def test_corpus_overrides_a_shared_field(house):
    house.set("tokenizer.vocab_size", 500)
    house.set("corpora.stdlib.tokenizer", {"vocab_size": 600})
    house.set("corpora.synthetic.tokenizer", {})

    assert CorpusParams.load("stdlib", house.root).tokenizer.vocab_size == 600
    assert CorpusParams.load("synthetic", house.root).tokenizer.vocab_size == 500


def test_recipe_of_the_same_name_comes_with_it(root):
    names = [source.name for source in CorpusParams.load("synthetic", root).recipe.sources]

    assert names == ["stories", "notes"]


def test_unknown_corpus_ends_with_the_known_ones(house):
    known = ", ".join(list_corpora(house.root))

    with pytest.raises(ConfigError, match=rf"^no corpus 'nope' in params\.yaml; .*: {known}$"):
        CorpusParams.load("nope", house.root)


def test_corpus_without_a_recipe_names_the_file(house):
    (house.root / "configs/corpora/synthetic.yaml").unlink()

    with pytest.raises(ConfigError, match=r"cannot read .*configs/corpora/synthetic\.yaml"):
        CorpusParams.load("synthetic", house.root)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "ingest.on_bad_utf8",
            "ignore",
            r"on_bad_utf8: .* 'quarantine', 'replace' or 'fail'",
        ),
        ("ingest.max_doc_bytes", "16 MiB", r"max_doc_bytes: .* valid integer, found '16 MiB'"),
        ("dedup.val_fraction", 0, r"val_fraction: .* greater than 0, found 0"),
        ("dedup.val_fraction", 1.0, r"val_fraction: .* less than 1, found 1\.0"),
        ("tokenizer.vocab_size", 100, r"vocab_size: expected 'auto' or .* at least 320, found 100"),
        ("tokenizer.algorithm", "wordpiece", r"algorithm: .* 'bpe' or 'unigram'"),
        ("pack.shard_token", 2048, r"shard_token: unknown key \(did you mean 'shard_tokens'\?\)"),
    ],
)
def test_wrong_value_is_told_with_its_key_and_file(house, key, value, message):
    section, field = key.split(".")
    house.set(f"corpora.synthetic.{section}", {field: value})
    where = rf"corpora\.synthetic\.{section}"

    with pytest.raises(ConfigError, match=rf"^params\.yaml: corpora.*\n  {where}\.{message}"):
        CorpusParams.load("synthetic", house.root)


@pytest.mark.parametrize("value", [None, "", " ", 3, ["a"]], ids=repr)
def test_corpus_names_the_path_that_dvc_hashes(house, value):
    house.set("corpora.own.input", value)

    with pytest.raises(ConfigError, match=r"expected the path of a file or folder at corpora\.own"):
        CorpusParams.load("own", house.root)


@pytest.mark.parametrize("key", ["model", "train", "recipe", "inputs"])
def test_key_of_a_preset_is_none_of_a_corpus(house, key):
    house.set(f"corpora.own.{key}", {})

    with pytest.raises(ConfigError, match=rf"unknown key corpora\.own\.{key}"):
        CorpusParams.load("own", house.root)
