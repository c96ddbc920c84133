"""A vocabulary, and small random networks of every kind that alm has, published as stages do."""

import platform
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from alm.checkpoint import ModelSpec, publish_model
from alm.config import (
    ModelConfig,
    MoEConfig,
    RopeScaling,
    TokenizerConfig,
    WindowConfig,
    reachable_targets,
)
from alm.export.gate import Files
from alm.export.gguf import Format, write_gguf
from alm.export.huggingface import write_huggingface
from alm.export.llama_cpp_peer import has_llama_cpp
from alm.export.source import Source
from alm.export.weights import Weights
from alm.io import Manifest, new_directory, write_bytes
from alm.model import Transformer
from alm.quant import quantize_model
from alm.tokenizer import Tokenizer, train_tokenizer

torch.set_num_threads(1)

SEQ_LEN = 48
SPARE_ROWS = 33  # of the embedding, above the vocabulary
TEXTS = [
    f"The {noun} of {i} {noun}s\n\tkept {i * 37 % 101} words, <{noun}|{i}> — übung {'ж' * (i % 3)}."
    for i in range(40)
    for noun in ("sailor", "lighthouse", "anchor", "harbour", "treasure", "whisper")
]
WIDE = {"d_model": 64, "n_heads": 4, "d_head": 32}  # heads of 128 in all
STRETCHED = RopeScaling(factor=4.0, original_seq_len=16)
SOFTMAX = {"router": "softmax", "n_shared_experts": 0}
SHAPES = {
    "mixture": {},
    "mixture, tied": {"tied_embeddings": True},
    "mixture, wide heads, no dense layer, two shared experts": {
        **WIDE,
        "tied_embeddings": True,
        "n_kv_heads": 1,
        "rope_theta": 5e4,
        "norm_eps": 1e-5,
        "moe": {"n_dense_layers": 0, "n_experts": 5, "n_experts_per_token": 3}
        | {"n_shared_experts": 2},
    },
    "mixture without a shared expert": {"moe": {"n_shared_experts": 0}},
    "dense": {"moe": None},
    "dense, tied, wide heads": {**WIDE, "moe": None, "tied_embeddings": True},
    "dense, stretched positions": {"moe": None, "rope_scaling": STRETCHED},
    "dense, windows": {"moe": None, "n_layers": 3, "window": WindowConfig(size=5, full_every=2)},
    "softmax mixture": {"moe": SOFTMAX},
    "softmax mixture, tied, no dense layer, one expert per token": {
        "tied_embeddings": True,
        "moe": SOFTMAX | {"n_dense_layers": 0, "n_experts_per_token": 1},
    },
    "soft mixture of two, one shared": {
        "moe": {"router": "softmax", "n_experts": 2, "n_shared_experts": 1}
    },
    "mixture, one expert per token, stretched positions": {
        "moe": {"n_experts_per_token": 1},
        "rope_scaling": STRETCHED,
    },
}


def make_shape(moe=(), **changes):
    mixture = {"router": "sigmoid", "n_dense_layers": 1, "n_experts": 4, "n_experts_per_token": 2}
    mixture |= {"n_shared_experts": 1, "d_expert": 32}
    shape = {"d_model": 64, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_head": 16}
    shape |= {"d_ff": 96, "rope_theta": 10_000.0, "norm_eps": 1e-6, "tied_embeddings": False}
    shape |= {"position": "rope", "rope_scaling": None, "window": None, "targets": ()}
    config = ModelConfig(
        **{"vocab_size": 512, **shape, **changes},
        moe=None if moe is None else MoEConfig(**(mixture | dict(moe))),
    )
    return config if "targets" in changes else replace(config, targets=reachable_targets(config))


def names_for(target):
    """Name the ``SHAPES`` that reach a target."""
    return [name for name, each in SHAPES.items() if target in make_shape(**each).targets]


@pytest.fixture(params=SHAPES)
def shape(request):
    return request.param


@pytest.fixture(params=names_for("transformers"))
def shape_of_directory(request):
    """Give a shape that can be written as a directory."""
    return request.param


@pytest.fixture(scope="session")
def tokenizer_model():
    config = TokenizerConfig(
        algorithm="bpe", vocab_size=384, max_vocab_size=512, character_coverage=0.9999
    )
    return train_tokenizer(TEXTS, config)


@pytest.fixture(scope="session")
def tokenizer(tokenizer_model):
    return Tokenizer(tokenizer_model)


@torch.no_grad()
def randomise(model, seed=0):
    """Fill every weight, so that none can be wrong unseen."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim > 1:
            tensor.copy_(noise * (0.3 if name.endswith("router.weight") else 0.1))
        else:
            tensor.copy_(0.15 * noise if name.endswith("bias") else 1 + 0.2 * noise)
    for matrix in (model.embed, model.head):
        if matrix is not None:
            matrix.weight.mul_(3)
    return model.eval()


@pytest.fixture(scope="session")
def make_spec(tokenizer):
    """Build what is known of a network with more rows than its tokenizer has pieces."""

    def make(**changes):
        rows = {"vocab_size": tokenizer.vocab_size + SPARE_ROWS}
        return ModelSpec(
            model=make_shape(**(rows | changes)),
            n_vocab=tokenizer.vocab_size,
            seq_len=SEQ_LEN,
            tokenizer_sha256=tokenizer.sha256,
        )

    return make


@pytest.fixture(scope="session")
def publish(make_spec, tokenizer_model, tokenizer):
    """Publish a random network and all that belongs to it below a root; return the paths."""

    def write(root, **changes):
        spec = make_spec(**changes)
        model = randomise(Transformer(spec.model, spec.n_vocab))
        nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}}
        facts = {"steps": 7, "tokens": 1234, "train_loss": 3.25}
        weights = {"model": model.state_dict()}
        publish_model(root / "pretrain", spec, weights, **nothing, facts=facts)
        quantize_model(root / "pretrain", root / "int8", {})
        publish_text(root, tokenizer_model, tokenizer)
        names = {"model": "pretrain", "int8": "int8", "tokenizer": "tokenizer", "packed": "packed"}
        return {key: root / name for key, name in names.items()}

    return write


def publish_text(root, tokenizer_model, tokenizer):
    sources = [{"name": "tales", "licence": "CC0-1.0"}, {"name": "logs", "licence": "own | use"}]
    facts = {"tokenizer_sha256": tokenizer.sha256, "sources": sources}
    with new_directory(root / "packed") as directory:
        Manifest.write(directory, "corpus.packed", params={}, inputs={}, facts=facts)
    with new_directory(root / "tokenizer") as directory:
        write_bytes(directory / "tokenizer.model", tokenizer_model)
        params = {"tokenizer": {"algorithm": "bpe"}}
        facts = {"sha256": tokenizer.sha256, "vocab_size": tokenizer.vocab_size}
        Manifest.write(directory, "tokenizer", params=params, inputs={}, facts=facts)


@pytest.fixture(scope="session")
def paths_of(tmp_path_factory, publish):
    """Give the directories of one of ``SHAPES``, made once."""
    made = {}

    def get(shape="mixture"):
        if shape not in made:
            made[shape] = publish(tmp_path_factory.mktemp("model"), **SHAPES[shape])
        return made[shape]

    return get


@pytest.fixture(scope="session")
def source_of(paths_of):
    return lambda shape="mixture": Source.read("small", paths_of(shape))


@pytest.fixture(scope="session")
def exported_of(source_of, tmp_path_factory):
    """Write one of ``SHAPES`` for others, made once: its source, directory and float32 GGUF."""
    made = {}

    def get(shape="mixture"):
        if shape not in made:
            source, root = source_of(shape), tmp_path_factory.mktemp("export")
            files = write_files(root, source)
            made[shape] = SimpleNamespace(source=source, files=files, **vars(files))
        return made[shape]

    return get


def write_files(root, source):
    """Write what an export writes, of the GGUF files the exact one."""
    directory, path = root / "huggingface", root / "small-F32.gguf"
    targets = source.spec.model.targets
    if "transformers" in targets:
        write_huggingface(directory, source)
    if "llama_cpp" in targets:
        with Weights.open(source.float_weights, source.spec) as weights:
            write_gguf(path, "small", weights, source.tokenizer.pieces, Format.F32)
    return Files(
        directory if "transformers" in targets else None,
        {Format.F32: path} if "llama_cpp" in targets else {},
    )


@pytest.fixture(scope="session")
def llama_cpp():
    """Fail where llama.cpp should be there and is not: it is part of the extra ``dev``."""
    if not has_llama_cpp():
        if (sys.platform, platform.machine()) == ("linux", "aarch64"):
            pytest.skip("there is no wheel of xllamacpp for this machine")
        pytest.fail("expected the package xllamacpp; install it with: pip install -e '.[dev]'")


@pytest.fixture(scope="session")
def rows(tokenizer):
    """Rows of tokens, as held-out text gives them."""
    stream = [i for text in TEXTS[:60] for i in (1, *tokenizer.encode(text), 2)]
    return [torch.tensor(stream[i : i + SEQ_LEN + 1]).numpy() for i in range(0, 600, 100)]
