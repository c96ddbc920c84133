import pytest

from alm.errors import ConfigError, InputError
from alm.project.check import BLOCK, check_corpus, check_preset, require_input
from alm.quant import blocks


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


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("presets.tiny.sample.prompts", [], r"sample\.prompts: .* at least 1 item"),
        ("presets.tiny.evaluate.ngram_orders", [3, 8], r"ngram_orders\.1: .* equal to 7, found 8"),
    ],
)
def test_a_mistake_of_a_late_stage_is_found_first(change, project, key, value, message):
    change(key, value)

    with pytest.raises(ConfigError, match=message):
        check_preset("tiny", project)


def test_a_width_that_int8_blocks_do_not_divide_is_found_first(project):
    shape = project / "configs" / "models" / "tiny.yaml"
    text = shape.read_text().replace("d_ff: 384", "d_ff: 390")
    shape.write_text(text.replace("[transformers, mlx, llama_cpp]", "[]"))

    with pytest.raises(ConfigError, match="d_ff to be a multiple of 32.*found 390"):
        check_preset("tiny", project)


def test_limit_is_that_of_the_stage():
    assert BLOCK == blocks.BLOCK


def test_text_that_is_not_there_is_missed_before_dvc_starts(project):
    with pytest.raises(InputError, match="expected text in data/own, found nothing"):
        require_input("own", project)

    (project / "data" / "own").mkdir(parents=True)
    require_input("own", project)


def test_a_stamp_that_make_writes_need_not_be_there(project):
    require_input("stdlib", project)


def test_a_mixture_of_sources_that_the_recipe_does_not_have_is_found_first(change, project):
    change("presets.tiny.data", {"mixture": {"letters": 0.5, "storys": 0.5}})

    with pytest.raises(
        ConfigError, match=r"presets\.tiny\.data\.mixture: no source 'storys' in .*: letters"
    ):
        check_preset("tiny", project)


def test_a_limit_of_a_source_that_the_recipe_does_not_have_is_found_first(change, project):
    change("presets.tiny.evaluate", {"limits": {"storys": 5}})

    with pytest.raises(
        ConfigError, match=r"presets\.tiny\.evaluate\.limits: no source 'storys' in .*: letters"
    ):
        check_preset("tiny", project)


def test_a_mixture_of_sources_that_are_there_passes(change, project):
    change("presets.tiny.data", {"mixture": {"letters": 1.0}})

    assert check_preset("tiny", project) == "synthetic"
