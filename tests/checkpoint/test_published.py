"""A published model: what is written is loaded, and any damage is refused by name."""

import json

import pytest
import torch

from alm.checkpoint import load_model, publish_model, read_spec
from alm.errors import IntegrityError
from alm.io import Manifest


@pytest.fixture
def published(tmp_path, spec, model):
    weights = model.state_dict()
    best = {name: tensor + 1 for name, tensor in weights.items()}
    publish_model(
        tmp_path / "m",
        spec,
        {"model": weights, "best": best},
        params={"seed": 1},
        inputs={"packed": "0" * 64},
        code={"src/alm/model": "1" * 64},
        libraries={"torch": "2"},
        facts={"steps": 3},
    )
    return tmp_path / "m"


def test_last_weights_are_what_is_loaded(published, model):
    found = load_model(published, "cpu").state_dict()

    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())


def test_best_weights_are_there_too(published, model):
    name, tensor = next(iter(model.state_dict().items()))

    assert torch.equal(load_model(published, "cpu", "best").state_dict()[name], tensor + 1)


def test_spec_is_read_back(published, spec):
    assert read_spec(published) == spec


def test_a_spec_with_a_key_that_nobody_knows_is_refused(published):
    values = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps({**values, "_target_": "os.system"}))

    with pytest.raises(IntegrityError, match="found 1 wrong keys"):
        read_spec(published)


def test_manifest_says_where_the_model_came_from(published):
    manifest = Manifest.read(published, "model.pretrain")

    assert manifest.code == {"src/alm/model": "1" * 64}
    assert set(manifest.files) == {"model.safetensors", "best.safetensors", "config.json"}


@pytest.mark.parametrize("file", ["model.safetensors", "best.safetensors", "config.json"])
def test_one_changed_bit_is_refused(published, file):
    data = bytearray((published / file).read_bytes())
    data[len(data) // 2] ^= 1
    (published / file).write_bytes(bytes(data))

    with pytest.raises(IntegrityError, match=file):
        load_model(published, "cpu")


def test_absent_model_names_the_command_that_builds_it(tmp_path):
    with pytest.raises(IntegrityError, match="make pretrain"):
        load_model(tmp_path / "m", "cpu")
