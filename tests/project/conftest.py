"""A small project folder: this repository's configuration, with a recipe of our own."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPO = Path(__file__).parents[2]
RECIPE = """\
sources:
  - kind: text
    name: letters
    licence: MIT
    glob: "**/*.txt"
keep_trailing_spaces: []
"""


@pytest.fixture
def project(tmp_path):
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(REPO / name, tmp_path / name)
    shutil.copytree(REPO / "configs" / "models", tmp_path / "configs" / "models")
    (tmp_path / "configs" / "corpora").mkdir()
    for corpus in ("synthetic", "stdlib", "own"):
        (tmp_path / "configs" / "corpora" / f"{corpus}.yaml").write_text(RECIPE)
    return tmp_path


@pytest.fixture
def change(project):
    """Set one value of ``params.yaml``, such as ``presets.tiny.train.lr``."""

    def set_value(key, value):
        path, yaml = project / "params.yaml", YAML()
        params = place = yaml.load(path)
        *parents, last = key.split(".")
        for name in parents:
            place = place[name]
        place[last] = value
        yaml.dump(params, path)

    return set_value


@pytest.fixture(autouse=True)
def no_machine_settings(monkeypatch):
    for name in ("DEVICE", "THREADS", "STATE_DIR", "YES", "FRESH"):
        monkeypatch.delenv(f"ALM_{name}", raising=False)
