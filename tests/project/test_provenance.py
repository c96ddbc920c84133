from dataclasses import fields

import pytest

from alm.config import CorpusParams, Params
from alm.project.provenance import Setting, render, trace_preset


@pytest.fixture
def settings(project):
    return {each.key: each for each in trace_preset("tiny", project)}


def test_a_shared_value_is_traced_to_its_section(settings):
    assert settings["optim.momentum"].origin == "params.yaml: optim"


def test_an_overridden_value_is_traced_to_the_preset(project, change):
    change("presets.tiny.train.lr", 0.125)

    expected = Setting("train.lr", "0.125", "params.yaml: presets.tiny.train")

    assert expected in trace_preset("tiny", project)


def test_a_value_of_the_shape_is_traced_to_its_file(settings):
    assert settings["model.moe.n_experts"].origin == "configs/models/tiny.yaml"


def test_a_value_of_the_recipe_is_traced_to_its_file(settings):
    found = settings["recipe.sources.0.glob"]

    assert (found.value, found.origin) == ("**/*.txt", "configs/corpora/synthetic.yaml")


def test_a_value_that_a_corpus_overrides_is_traced_to_the_corpus(project, change):
    change("corpora.stdlib.tokenizer", {"vocab_size": 4096})
    settings = {each.key: each for each in trace_preset("pico", project)}

    assert settings["tokenizer.vocab_size"].origin == "params.yaml: corpora.stdlib.tokenizer"
    assert settings["tokenizer.algorithm"].origin == "params.yaml: tokenizer"


def test_every_field_of_every_section_is_shown(settings, project):
    preset, corpus = Params.load("tiny", project), CorpusParams.load("synthetic", project)
    expected = {
        f"{name}.{field.name}"
        for tree in (preset, corpus)
        for name in tree.SECTIONS
        for field in fields(getattr(tree, name))
    }

    assert expected <= settings.keys()


def test_values_are_spelt_as_in_yaml(project, change):
    change("evaluate.ngram_orders", [3, 5])
    path = project / "configs" / "models" / "tiny.yaml"
    path.write_text(path.read_text().partition("moe:")[0] + "moe: null\n")

    settings = {each.key: each.value for each in trace_preset("tiny", project)}

    assert settings["model.tied_embeddings"] == "true"
    assert settings["model.moe"] == "null"
    assert settings["evaluate.ngram_orders"] == "[3, 5]"


def test_columns_line_up_though_one_value_is_very_long():
    table = render([Setting("a", "1", "here"), Setting("bcd", "x" * 90, "there")])

    assert table.splitlines()[0] == "a    " + "1" + " " * 39 + "  here"
