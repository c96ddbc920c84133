"""A room with one of everything that alm reads, and the places in it where a file can be put."""

import json
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from alm.checkpoint import (
    Fingerprint,
    ModelSpec,
    SavedState,
    StateStore,
    build_model,
    load_latest_model,
    load_model,
    publish_model,
    read_adoptions,
    read_spec,
)
from alm.checkpoint.states import load_state
from alm.config import CorpusParams, Params, Stage, TokenizerConfig, load_model_config
from alm.corpus import Document, read_documents, write_documents
from alm.data import PackedDocument, TokenStream, verify_packed, write_split
from alm.data.counting import count_split
from alm.data.shards import ShardReader
from alm.export import import_model
from alm.export.huggingface import write_huggingface
from alm.export.source import Source
from alm.io import Manifest, read_json, remove_tree, sha256_bytes, write_bytes, write_json
from alm.io.strict_json import canonical_json
from alm.model import Transformer, init_weights
from alm.project.lockfile import read_lock
from alm.quant import quantize_model, read_dequantized
from alm.tokenizer import Tokenizer, train_tokenizer

REPO = Path(__file__).parents[2]
TEXTS = [f"the {noun} of {i} kept {i * 37 % 101} words\n" for i in range(60) for noun in "abcdef"]
VOCABULARY = TokenizerConfig(
    algorithm="bpe", vocab_size=340, max_vocab_size=512, character_coverage=0.9999
)
GRAPH = """\
stages:
  pretrain:
    foreach: ${presets}
    do:
      cmd: python scripts/pretrain.py --preset ${key}
      deps: [src/alm]
      outs:
        - build/models/${key}/pretrain
"""
LOCK = """\
schema: '2.0'
stages:
  pretrain@tiny:
    cmd: python scripts/pretrain.py --preset tiny
    deps: [{path: src/alm, md5: 0123}]
    outs: [{path: build/models/tiny/pretrain, md5: 4567}]
"""
STATE = "state/run/step-00000001"
SEALED = {STATE, "int8", "model", "packed", "tokenizer"}
MADE_BY = {"inputs": {}, "params": {}}


@dataclass(frozen=True)
class Slot:
    """A file that some reader takes."""

    path: str
    """Below the room."""
    format: str
    read: Callable[[Path], object]
    """Reads it, given the room."""

    @property
    def is_sealed(self) -> bool:
        """Whether a manifest beside it has its digest, which an enemy would correct."""
        folder, _, name = self.path.rpartition("/")
        return folder in SEALED and name != "manifest.json"


def read_packed(root):
    stream = TokenStream(root / "packed", "train")
    stream.read(0, stream.n_tokens)
    verify_packed(root / "packed")


def read_hugging_face(root):
    try:
        import_model(root / "huggingface", root / "out", root / "out-tokenizer")
    finally:
        for name in ("out", "out-tokenizer"):
            shutil.rmtree(root / name, ignore_errors=True)


def read_int8(root):
    tensors = read_dequantized(root / "int8")
    build_model(read_spec(root / "int8"), tensors, "cpu")


def read_state(root):
    load_state(root / STATE)
    load_latest_model(root / "state", "cpu")


SLOTS = [
    Slot("params.yaml", "yaml", lambda root: Params.load("tiny", root)),
    Slot("dvc.yaml", "yaml", lambda root: Stage.load("pretrain", "tiny", root)),
    Slot("dvc.lock", "yaml", read_lock),
    Slot("configs/models/tiny.yaml", "yaml", lambda root: load_model_config("tiny", root)),
    Slot(
        "configs/corpora/synthetic.yaml", "yaml", lambda root: CorpusParams.load("synthetic", root)
    ),
    *[
        Slot(f"{STATE}/{name}", form, read_state)
        for name, form in {
            "manifest.json": "manifest",
            "model.safetensors": "tensors",
            "optimizer.safetensors": "tensors",
            "state.json": "json",
        }.items()
    ],
    Slot("state/current.json", "json", lambda root: load_latest_model(root / "state", "cpu")),
    Slot("state/run/config.json", "json", lambda root: load_latest_model(root / "state", "cpu")),
    Slot("state/run/fingerprint.json", "json", lambda root: Fingerprint.read(root / "state/run")),
    Slot("state/run/adopted.json", "json", lambda root: read_adoptions(root / "state/run")),
    *[
        Slot(f"model/{name}", form, lambda root: load_model(root / "model", "cpu"))
        for name, form in {
            "config.json": "json",
            "manifest.json": "manifest",
            "model.safetensors": "tensors",
        }.items()
    ],
    Slot("int8/model.int8.safetensors", "tensors", read_int8),
    Slot("int8/manifest.json", "manifest", read_int8),
    Slot("int8/config.json", "json", read_int8),
    Slot("tokenizer/tokenizer.model", "vocabulary", lambda r: Tokenizer.load(r / "tokenizer")),
    Slot("tokenizer/manifest.json", "manifest", lambda r: Tokenizer.load(r / "tokenizer")),
    Slot("packed/train-00000.alm", "shard", read_packed),
    Slot("packed/manifest.json", "manifest", read_packed),
    Slot("huggingface/config.json", "json", read_hugging_face),
    Slot("huggingface/model.safetensors", "tensors", read_hugging_face),
    Slot("huggingface/tokenizer.model", "vocabulary", read_hugging_face),
    Slot(
        "documents/train.jsonl", "json", lambda r: list(read_documents(r / "documents/train.jsonl"))
    ),
]


def seal(directory):
    """Write the manifest anew, as whoever made the hostile file would have done."""
    body = read_json(directory / "manifest.json")
    kept = {key: body[key] for key in ("params", "inputs", "facts", "code", "libraries")}
    (directory / "manifest.json").unlink()
    Manifest.write(directory, body["kind"], **kept)


def sign(body):
    """Return a manifest with the digest that fits it."""
    body = {key: value for key, value in body.items() if key != "sha256"}
    digest = sha256_bytes(canonical_json(body).encode("utf-8"))
    return json.dumps({**body, "sha256": digest}).encode()


@torch.no_grad()
def make_model(n_vocab):
    shape = load_model_config("tiny", REPO)
    small = {"d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_head": 16, "d_ff": 32}
    moe = replace(shape.moe, n_dense_layers=1, d_expert=32)
    model = Transformer(replace(shape, **small, vocab_size=n_vocab, moe=moe), n_vocab)
    init_weights(model, 1)
    return model


def write_corpus(root, tokenizer):
    ids = tokenizer.encode_many(TEXTS)
    packed = [PackedDocument(np.array(each), 0, 40) for each in ids]
    names = write_split(root / "packed", "train", iter(packed), tokenizer, 10**9)
    facts = {
        "tokenizer_sha256": tokenizer.sha256,
        "vocab_size": tokenizer.vocab_size,
        "sources": [{"name": "a", "licence": "MIT"}],
    }
    index = ShardReader(root / "packed" / names[0]).documents()
    facts["splits"] = {"train": {"shards": names, **count_split(index, ["a"])}}
    Manifest.write(root / "packed", "corpus.packed", **MADE_BY, facts=facts)
    (root / "documents").mkdir()
    write_documents(root / "documents" / "train.jsonl", [Document("1", "a", "text", {})])


def write_models(root, tokenizer):
    model = make_model(tokenizer.vocab_size)
    spec = ModelSpec(
        model=model.config,
        n_vocab=tokenizer.vocab_size,
        seq_len=16,
        tokenizer_sha256=tokenizer.sha256,
    )
    weights = dict(model.state_dict())
    rest = {"params": {}, "inputs": {}, "code": {}, "libraries": {}}
    facts = {"steps": 1, "tokens": 16, "train_loss": 5.5}
    publish_model(root / "model", spec, {"model": weights}, **rest, facts=facts)
    quantize_model(root / "model", root / "int8", {})
    state = SavedState(
        1,
        {"model": weights, "optimizer": {"m": torch.ones(2), "v": torch.ones(2)}},
        {"progress": {}},
    )
    StateStore(root / "state" / "run", 2, print).save(state)
    write_json(root / "state/run/config.json", json.loads((root / "model/config.json").read_text()))
    Fingerprint({"seed": "1"}).write(root / "state" / "run")
    write_json(root / "state/run/adopted.json", [])
    write_json(root / "state/current.json", {"run": "run", "former": []})


@pytest.fixture(scope="session")
def whole_room(tmp_path_factory):
    root = tmp_path_factory.mktemp("room")
    shutil.copy(REPO / "params.yaml", root / "params.yaml")
    shutil.copytree(REPO / "configs", root / "configs")
    (root / "dvc.yaml").write_text(GRAPH)
    (root / "dvc.lock").write_text(LOCK)
    model = train_tokenizer(TEXTS, VOCABULARY)
    tokenizer = Tokenizer(model)
    (root / "tokenizer").mkdir()
    write_bytes(root / "tokenizer" / "tokenizer.model", model)
    facts = {"sha256": tokenizer.sha256, "vocab_size": tokenizer.vocab_size}
    params = {"tokenizer": {"algorithm": "bpe"}}
    Manifest.write(root / "tokenizer", "tokenizer", params=params, inputs={}, facts=facts)
    write_corpus(root, tokenizer)
    write_models(root, tokenizer)
    paths = {"model": root / "model", "int8": root / "int8"}
    paths |= {"tokenizer": root / "tokenizer", "packed": root / "packed"}
    (root / "huggingface").mkdir()
    write_huggingface(root / "huggingface", Source.read("tiny", paths))
    return root


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A path that no reader may make; whoever runs a hostile file's code does."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "canary"


@pytest.fixture
def put(whole_room):
    """Put a file of an enemy's making into a slot for a while, its manifest made to fit."""

    @contextmanager
    def put(slot, write, sealed=True):
        path = whole_room / slot.path
        beside = [path.with_name("manifest.json")] if slot.is_sealed else []
        kept = {each: each.read_bytes() for each in {path, *beside}}
        path.unlink()
        try:
            write(path, kept[path])
            if slot.is_sealed and sealed:
                seal(path.parent)
            yield whole_room
        finally:
            for each, data in kept.items():
                remove_tree(each)
                each.write_bytes(data)

    return put
