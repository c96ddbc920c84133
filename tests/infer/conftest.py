"""A vocabulary of bytes, and a random network small enough to run at every test."""

from types import SimpleNamespace

import pytest
import torch

from alm.checkpoint import ModelSpec, publish_model
from alm.config import ModelConfig, MoEConfig, PackConfig, SampleConfig, TokenizerConfig
from alm.corpus import Document, read_unit, write_documents
from alm.infer.native import Library, compile_library
from alm.io import Manifest, new_directory
from alm.model import Transformer
from alm.packing import Packing
from alm.tokenizer import Tokenizer, TokenizerTraining, UnitEncoder
from alm.work import run_step

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory):
    """Where a machine's state is, compiled libraries among it."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def library_cache(state_dir):
    return state_dir / "native"


@pytest.fixture(scope="session")
def library(library_cache):
    """The C program for this processor."""
    return Library(compile_library(library_cache))


class ByteTokenizer:
    """Specials, two control symbols, then one token per byte."""

    pad_id, bos_id, eos_id, unk_id = range(4)
    control_ids = {"<|user|>": 4, "<|end|>": 5}
    vocab_size = 262

    def encode(self, text):
        return [byte + 6 for byte in text.encode()]

    def decode_bytes(self, ids):
        return bytes(i - 6 for i in ids if i >= 6)

    def decode(self, ids):
        return self.decode_bytes(ids).decode("utf-8", "replace")


@pytest.fixture
def tokenizer():
    return ByteTokenizer()


@pytest.fixture
def make_config():
    """Build sampling limits that limit nothing, but for those named."""

    def make(**changes):
        free = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
        free |= {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
        free |= {"prompts": ("a",), "max_new_tokens": 12}
        return SampleConfig(**(free | changes))

    return make


@pytest.fixture
def make_model():
    """Build a network of a dense layer and a mixture, with weights that all matter."""

    def make(seed=0, n_vocab=ByteTokenizer.vocab_size):
        moe = MoEConfig(
            router="sigmoid",
            n_dense_layers=1,
            n_experts=4,
            n_experts_per_token=2,
            n_shared_experts=1,
            d_expert=32,
        )
        config = ModelConfig(
            vocab_size=320,
            d_model=32,
            n_layers=2,
            n_heads=4,
            n_kv_heads=2,
            d_head=8,
            d_ff=64,
            position="rope",
            rope_scaling=None,
            window=None,
            targets=(),
            rope_theta=10_000.0,
            norm_eps=1e-6,
            tied_embeddings=True,
            moe=moe,
        )
        model = Transformer(config, n_vocab)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.3, generator=generator)
        return model.eval()

    return make


class ScriptedModel:
    """Say given tokens one after the other, whatever is read, after a prompt of a given length."""

    def __init__(self, shape, n_vocab, n_prompt, script):
        self.config = shape
        self.head_weight = torch.zeros(n_vocab, 1)
        self.reads = []
        self._n_prompt = n_prompt
        self._script = script

    def parameters(self):
        return iter([self.head_weight])

    def __call__(self, ids_BT, cache):
        self.reads.append(ids_BT[0].tolist())
        cache.require_room(ids_BT.shape[1])
        cache.advance(ids_BT.shape[1])
        return SimpleNamespace(hidden_BTD=torch.full((1, ids_BT.shape[1], 1), float(cache.length)))

    def logits(self, hidden):
        logits = torch.zeros(*hidden.shape[:-1], len(self.head_weight))
        logits[..., self._script[int(hidden[-1, 0]) - self._n_prompt]] = 10.0
        return logits


@pytest.fixture
def make_script(make_model, tokenizer):
    """Build a model that answers a prompt of ``n_prompt`` tokens (BOS among them) by ``script``."""

    def make(script, n_prompt=2):
        return ScriptedModel(make_model().config, tokenizer.vocab_size, n_prompt, script)

    return make


TEXTS = {
    "train": ["the cat sat on the mat and the dog ran to the park with the red ball"] * 4,
    "val": ["the bird sang in the tree"],
}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A tokenizer and packed tokens, as the stages leave them, of a few lines of text."""
    root = tmp_path_factory.mktemp("corpus")
    documents, tokenizer = root / "filter", root / "tokenizer"
    with new_directory(documents) as directory:
        for split, texts in TEXTS.items():
            lines = [Document(str(i), "lines", text, {}) for i, text in enumerate(texts)]
            write_documents(directory / f"{split}.jsonl", lines)
        facts = {"sources": [{"name": "lines", "licence": "MIT"}]}
        Manifest.write(directory, "corpus.filter", params={}, inputs={}, facts=facts)
    config = TokenizerConfig(
        algorithm="bpe", vocab_size=320, max_vocab_size=512, character_coverage=1.0
    )
    run_step(TokenizerTraining.of(documents, config, read_unit), tokenizer, 1)
    encoder = UnitEncoder.of(tokenizer, read_unit)
    step = Packing.of(documents, PackConfig(shard_tokens=1024), encoder, {})
    run_step(step, root / "packed", 1)
    return root


@pytest.fixture
def published(corpus, tmp_path, make_model):
    """A random model of that tokenizer, published; returns its directory."""
    tokenizer = Tokenizer.load(corpus / "tokenizer")
    model = make_model(n_vocab=tokenizer.vocab_size)
    spec = ModelSpec(
        model=model.config,
        n_vocab=tokenizer.vocab_size,
        seq_len=32,
        tokenizer_sha256=tokenizer.sha256,
    )
    nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}
    publish_model(tmp_path / "pretrain", spec, {"model": model.state_dict()}, **nothing)
    return tmp_path / "pretrain"
