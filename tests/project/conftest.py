"""A small project folder: this repository's configuration, with a recipe of our own."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from alm.corpus import write_documents
from alm.data import PackedDocument, write_split
from alm.io import Manifest, sha256_tree

REPO = Path(__file__).parents[2]
RECIPE = """\
sources:
  - kind: text
    name: letters
    licence: MIT
    glob: "**/*.txt"
    filters: []
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
def jsonl(project):
    """Make the corpus of a preset one of JSON lines, with limits as given."""
    fields = ("id_field", "score_field", "score_min", "max_docs", "target_tokens", "template")
    unset = dict.fromkeys((*fields, "bytes_per_token"))
    source = {"kind": "jsonl", "name": "pages", "licence": "MIT", "filters": [], "glob": "*"}

    def write(**limits):
        sources = [{**source, "text_field": "text", **unset, **limits}]
        recipe = {"sources": sources, "keep_trailing_spaces": []}
        YAML().dump(recipe, project / "configs" / "corpora" / "synthetic.yaml")

    return write


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


class Vocabulary:
    """What shards of the tests say about their tokens."""

    vocab_size, pad_id, bos_id, eos_id, unk_id, sha256 = 64, 0, 1, 2, 3, "ab" * 32


@pytest.fixture
def fill_corpus():
    """Write documents, given by split, as stage filter leaves them; return the folder."""

    def write(root, inputs=None, **splits):
        sources = sorted({document.source for each in splits.values() for document in each})
        listed = [{"name": name, "licence": f"{name}-licence"} for name in sources]
        root.mkdir(parents=True)
        for split in ("train", "val"):
            write_documents(root / f"{split}.jsonl", splits.get(split, []))
        written = {"params": {}, "inputs": inputs or {}, "facts": {"sources": listed}}
        Manifest.write(root, "corpus.filter", **written)
        return root

    return write


@pytest.fixture
def pack_train():
    """Write a train split whose documents have tokens as given; return the folder."""

    def write(root, documents, tokens, filtered):
        root.mkdir(parents=True)
        corpus = Manifest.read(filtered, "corpus.filter")
        sources = [source["name"] for source in corpus.facts["sources"]]
        packed = [
            PackedDocument(np.array(ids), sources.index(each.source), len(each.text.encode()))
            for each, ids in zip(documents, tokens, strict=True)
        ]
        shards = write_split(root, "train", iter(packed), Vocabulary, 1000)
        facts = {
            "tokenizer_sha256": Vocabulary.sha256,
            "vocab_size": Vocabulary.vocab_size,
            "sources": [{"name": name} for name in sources],
            "splits": {"train": {"shards": shards, "tokens": sum(map(len, tokens))}},
        }
        inputs = {"filter": corpus.sha256}
        Manifest.write(root, "corpus.packed", params={}, inputs=inputs, facts=facts)
        return root

    return write


@pytest.fixture
def publish():
    """Write the manifest of a model that read shards; return the folder."""

    def write(root, packed, init="scratch", **data):
        root.mkdir(parents=True)
        base = {"seq_len": 8, "rows": "stream", "mixture": {}, "curriculum": []}
        data = {**base, "document_mask": False, **data}
        Manifest.write(
            root,
            "model.pretrain",
            params={"seed": 7, "data": data, "train": {"batch_size": 3, "init": init}},
            inputs={"packed": Manifest.read(packed, "corpus.packed").sha256},
            facts={"steps": 11},
            code={"src/alm/data": sha256_tree(REPO / "src" / "alm" / "data")},
        )
        return root

    return write
