"""TrackedSettings: values come from YAML alone, and nothing changes them afterwards."""

import pytest
from pydantic import ValidationError

from alm.config import CorpusParams, Params
from alm.errors import ConfigError


@pytest.mark.parametrize("name", ["SEED", "seed", "CORPUS", "TRAIN", "TRAIN__LR", "ALM_SEED"])
def test_environment_cannot_change_a_parameter(root, monkeypatch, name):
    before = Params.load("tiny", root), CorpusParams.load("synthetic", root)

    monkeypatch.setenv(name, "99")

    assert (Params.load("tiny", root), CorpusParams.load("synthetic", root)) == before


def test_file_of_environment_variables_cannot_either(root, monkeypatch):
    before = Params.load("tiny", root)
    (root / ".env").write_text("SEED=99\n")
    monkeypatch.chdir(root)

    assert Params.load("tiny") == before


def test_settings_and_sections_are_frozen(root):
    params = Params.load("tiny", root)

    with pytest.raises(ValidationError, match="frozen"):
        params.seed = 3
    with pytest.raises(AttributeError):
        params.train.lr = 3.0


def test_every_wrong_key_is_named_with_the_place_that_sets_it(house):
    house.set("presets.tiny.train.lr", -1.0)
    house.set("train.grad_clip", 0)
    house.set("data.seq_lenn", 3)
    house.set("presets.tiny.sample.prompt", [])
    house.drop("optim.eps")

    with pytest.raises(ConfigError) as raised:
        Params.load("tiny", house.root)

    head, *lines = str(raised.value).splitlines()
    assert head == "params.yaml: presets.tiny cannot be used:"
    assert [line.split(": ")[0] for line in lines] == [
        "  data.seq_lenn",
        "  optim.eps",
        "  presets.tiny.train.lr",
        "  train.grad_clip",
        "  presets.tiny.sample.prompt",
    ]
    assert "did you mean 'seq_len'" in lines[0]
    assert "did you mean 'prompts'" in lines[4]


def test_message_about_an_unknown_key_is_the_same_in_every_process(house):
    house.set("presets.tiny.trane", {})

    with pytest.raises(ConfigError, match=r"presets\.tiny\.trane \(did you mean 'train'\?\); "):
        Params.load("tiny", house.root)
    with pytest.raises(
        ConfigError, match="choose from: corpus, model, runtime, data, optim, train"
    ):
        Params.load("tiny", house.root)
