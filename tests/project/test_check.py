import pytest

from alm.errors import ConfigError
from alm.project.check import check_corpus, check_preset


def test_a_preset_that_can_be_built_gives_its_corpus(project):
    assert check_preset("tiny", project) == "synthetic"


def test_a_corpus_that_can_be_built_gives_its_own_name(project):
    assert check_corpus("own", project) == "own"


def test_an_unknown_preset_is_answered_with_those_there_are(project):
    with pytest.raises(ConfigError, match="no preset 'tinny'.*choose from: tiny, pico"):
        check_preset("tinny", project)


def test_an_unknown_corpus_is_answered_with_those_there_are(project):
    with pytest.raises(ConfigError, match="no corpus 'web'.*choose from: synthetic, stdlib"):
        check_corpus("web", project)


def test_a_mistake_in_the_recipe_of_a_preset_is_found_before_anything_runs(project):
    (project / "configs" / "corpora" / "synthetic.yaml").write_text("sources: []\n")

    with pytest.raises(ConfigError, match=r"corpora/synthetic\.yaml"):
        check_preset("tiny", project)


def test_a_variable_that_nothing_reads_is_found_before_anything_runs(project, monkeypatch):
    monkeypatch.setenv("ALM_SEED", "3")

    with pytest.raises(ConfigError, match="ALM_SEED"):
        check_preset("tiny", project)
