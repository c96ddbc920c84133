"""A way under alm.io: every call that changes the disk comes through alm.io.calls, and so by us."""

import errno
import inspect
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from alm.checkpoint import ModelSpec, SavedState, publish_model
from alm.config import PackConfig, TokenizerConfig, load_model_config
from alm.corpus import Document, read_unit, write_documents
from alm.io import Manifest, calls
from alm.packing import Packing
from alm.quant import quantize_model
from alm.tokenizer import TokenizerTraining
from alm.work import Share, run_step, run_task

CALLS = dict(inspect.getmembers(calls, inspect.isfunction))  # as they are


@pytest.fixture
def under_io(monkeypatch):
    """Return a context manager: within it ``handle(name, call, arguments)`` makes every call."""

    @contextmanager
    def stepping_in(handle):
        with monkeypatch.context() as patch:
            for name, call in CALLS.items():

                def stand_in(*arguments, name=name, call=call):
                    return handle(name, call, arguments)

                patch.setattr(calls, name, stand_in)
            yield

    return stepping_in


@pytest.fixture
def list_calls(under_io):
    """Return the names of the calls by which an action changes the disk."""

    def made_by(action):
        made = []

        def handle(name, call, arguments):
            made.append(name)
            return perform(name, call, arguments)

        with under_io(handle):
            action()
        return made

    return made_by


def perform(name, call, arguments):
    """Make a call, but wait for no disk: where nobody pulls the plug it makes no difference."""
    return None if name == "sync" else call(*arguments)


@pytest.fixture(name="perform")
def perform_fixture():
    return perform


@pytest.fixture
def no_exchange(monkeypatch):
    """A file system on which two names cannot be exchanged."""

    def refuse(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setitem(CALLS, "exchange", refuse)


@pytest.fixture
def unsynced(under_io):
    """Wait for no disk throughout the test."""
    with under_io(perform):
        yield


def make_state(step, flavour=0):
    tensors = {
        "model": {"w": torch.arange(6.0) + step, "b": torch.full((2,), float(flavour))},
        "optimizer": {"m": torch.arange(5.0) * step},
        "best": {},
    }
    return SavedState(step, tensors, {"progress": {"step": step, "flavour": flavour}, "steps": 99})


@pytest.fixture(name="make_state")
def make_state_fixture():
    """A state of a few numbers, all of which follow from step and flavour."""
    return make_state


@pytest.fixture
def flavour_of():
    """Return the flavour of a state, after a look at everything in it."""

    def flavour_of(found):
        flavour = found.values["progress"]["flavour"]
        expected = make_state(found.step, flavour)
        assert found.values == expected.values
        assert found.tensors.keys() == expected.tensors.keys()
        for stem, tensors in expected.tensors.items():
            assert found.tensors[stem].keys() == tensors.keys()
            assert all(torch.equal(found.tensors[stem][name], tensors[name]) for name in tensors)
        return flavour

    return flavour_of


# --- artefacts ------------------------------------------------------------------------------------


SPEC = ModelSpec(
    model=load_model_config("dense_tiny"), n_vocab=30, seq_len=8, tokenizer_sha256="0" * 64
)
WEIGHTS = {"embedding.weight": torch.arange(1024.0).reshape(32, 32), "norm.weight": torch.ones(32)}
VOCABULARY = TokenizerConfig(
    algorithm="bpe", vocab_size=340, max_vocab_size=512, character_coverage=1.0
)
WORDS = ("sailor", "captain", "lighthouse", "anchor", "harbour", "island", "treasure", "compass")


@dataclass(frozen=True)
class Bytes:
    """An encoder whose tokens are bytes, moved behind the specials."""

    vocab_size: int = 500
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32

    def encode(self, unit):
        for document in read_unit(unit):
            yield document, np.frombuffer(document.text.encode(), np.uint8).astype("u4") + 4

    def encode_plain(self, unit):
        return self.encode(unit)


def write_corpus(root):
    for split, n in (("train", 16), ("val", 1)):
        texts = [f"The {WORDS[i % 8]} gave {i} of them a {WORDS[i * 3 % 7]}." for i in range(n)]
        documents = [Document(f"{split}{i}", "own", text, {}) for i, text in enumerate(texts)]
        write_documents(root / f"{split}.jsonl", documents)
    sources = [{"name": "own", "licence": "MIT", "target_tokens": None}]
    Manifest.write(root, "corpus.filter", params={}, inputs={}, facts={"sources": sources})


def publish(out, code):
    rest = {"params": {}, "inputs": {}, "libraries": {}, "facts": {}}
    publish_model(out, SPEC, {"model": WEIGHTS, "best": WEIGHTS}, code={"src": code}, **rest)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A corpus and a model, of which other artefacts are made."""
    root = tmp_path_factory.mktemp("inputs")
    write_corpus(root / "filter")
    publish(root / "model", "input")
    return root


@pytest.fixture
def makers(inputs, monkeypatch):
    """Name -> how to make an artefact in a place, an old or a new one."""
    monkeypatch.setattr("alm.work.parts.sha256_tree", lambda _: "code")  # it takes most of the time

    def quantize(out, age):
        quantize_model(inputs / "model", out, {"src": age})

    def packing(age):
        config = PackConfig(shard_tokens=1024)
        return Packing.of(inputs / "filter", config, Bytes(), {"tokenizer": age})

    def pack(out, age):
        run_step(packing(age), out, 1)

    def leave_parts(out, age):
        run_task(packing(age), out, Share(0, 1))

    def train(out, age):
        config = replace(VOCABULARY, vocab_size={"old": 340, "new": 341}[age])
        run_step(TokenizerTraining.of(inputs / "filter", config, read_unit), out, 1)

    return {
        **{"model": publish, "quantize": quantize, "pack": pack, "tokenizer": train},
        "parts": leave_parts,
    }
