"""A copy of the configuration that a test may break."""

import copy
import functools
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPO = Path(__file__).parents[2]
RECIPE = """\
sources:
  - kind: synthetic
    name: stories
    licence: CC0-1.0
    filters: [coherent]
    task: stories
    n_docs: 10
    exact_duplicates: 0.1
    near_duplicates: 0.1
    junk: 0.1
  - kind: text
    name: notes
    licence: private
    filters: []
    glob: "**/*.txt"
keep_trailing_spaces: [notes]
"""


class House:
    """``params.yaml``, ``dvc.yaml`` and ``configs`` below a folder of the test's own."""

    def __init__(self, root):
        self.root = root
        shutil.copytree(REPO / "configs" / "models", root / "configs" / "models")
        shutil.copy(REPO / "params.yaml", root)
        shutil.copy(REPO / "dvc.yaml", root)
        for corpus in self.read("params.yaml")["corpora"]:
            self.write(f"configs/corpora/{corpus}.yaml", RECIPE)

    def read(self, file):
        return copy.deepcopy(_parse((self.root / file).read_text(encoding="utf-8")))

    def write(self, file, content):
        """Replace a file by text, or by the YAML of a value."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            writer = YAML(typ="safe", pure=True)
            writer.representer.ignore_aliases = lambda _: True
            writer.dump(content, path)

    def set(self, key, value, file="params.yaml"):
        """Set ``a.b.c``, whether it was there or not."""
        tree = self.read(file)
        branch, name = self._find(tree, key)
        branch[name] = value
        self.write(file, tree)

    def drop(self, key, file="params.yaml"):
        """Remove ``a.b.c``."""
        tree = self.read(file)
        branch, name = self._find(tree, key)
        del branch[name]
        self.write(file, tree)

    @staticmethod
    def _find(tree, key):
        *branches, name = [int(part) if part.isdigit() else part for part in key.split(".")]
        for branch in branches:
            tree = tree[branch]
        return tree, name


@functools.cache
def _parse(text):
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def root(house):
    return house.root


@pytest.fixture(scope="module")
def house_of_all(tmp_path_factory):
    """A house for property tests, which write ``params.yaml`` anew in every example."""
    return House(tmp_path_factory.mktemp("house"))
