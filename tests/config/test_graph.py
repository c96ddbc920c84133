"""Stage: a stage of dvc.yaml with its templates filled in."""

from pathlib import Path

import pytest

from alm.config import Stage
from alm.errors import ConfigError

PARAMS = """\
train: {init: scratch}
corpora:
  words: {input: data/words}
presets:
  a: {corpus: words, model: small, train: {init: scratch}}
  b: {corpus: words, model: small, train: {init: a}}
  c: {corpus: words, model: small}
  d: {corpus: words, model: small, train: 3}
  e: {corpus: words, model: small, train: initial}
"""
DVC = """\
stages:
  once:
    cmd: make it
    outs: [it]
  train:
    foreach: ${presets}
    do:
      cmd: train --preset ${key} --packed build/${item.corpus}
      deps:
        - build/${item.corpus}
        - models/${item.train.init}
        - src
      params:
        - seed
        - presets.${key}.train
        - configs/${item.model}.yaml:
            - d_model
            - n_layers
        - configs/all.yaml:
      outs:
        - models/${key}
      metrics:
        - reports/${key}.json:
            cache: false
      plots:
        - reports/${key}.csv:
            cache: false
            x: step
  ingest:
    foreach: ${corpora}
    do:
      cmd: ingest ${item.input}
      deps: ["${item.input}"]
      outs: ["build/${key}"]
"""


@pytest.fixture
def load(tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "dvc.yaml").write_text(DVC)
    return lambda stage, key: Stage.load(stage, key, tmp_path)


def test_templates_are_filled_from_key_and_item(load):
    stage = load("train", "b")

    assert stage.name == "train@b"
    assert stage.deps == (Path("build/words"), Path("models/a"), Path("src"))


def test_outputs_metrics_and_plots_are_all_outputs(load):
    assert load("train", "a").outs == tuple(
        map(Path, ("models/a", "reports/a.json", "reports/a.csv"))
    )


def test_tracked_keys_are_grouped_by_file(load):
    assert load("train", "a").params == {
        "params.yaml": ("seed", "presets.a.train"),
        "configs/small.yaml": ("d_model", "n_layers"),
        "configs/all.yaml": (),
    }


def test_stage_of_a_corpus_is_found_too(load):
    assert load("ingest", "words").deps == (Path("data/words"),)


@pytest.mark.parametrize("stage", ["nope", "once"])
def test_unknown_stage_ends_with_the_known_ones(load, stage):
    with pytest.raises(ConfigError, match=rf"no stage '{stage}' in dvc\.yaml; .*: train, ingest"):
        load(stage, "a")


def test_unknown_key_ends_with_the_known_ones(load):
    with pytest.raises(ConfigError, match=r"no preset 'words' in params\.yaml; choose from: a, b"):
        load("train", "words")


@pytest.mark.parametrize("preset", ["c", "d", "e"])
def test_value_that_a_preset_lacks_is_named(load, preset):
    with pytest.raises(ConfigError, match=r"dvc\.yaml refers to item\.train\.init, which params"):
        load("train", preset)


def test_real_stages_are_read_for_every_member(house):
    params, stages = house.read("params.yaml"), house.read("dvc.yaml")["stages"]
    for name, declared in stages.items():
        for key in params[declared["foreach"].strip("${}")] if "foreach" in declared else ():
            stage = Stage.load(name, key, house.root)
            assert "$" not in str(stage), stage
