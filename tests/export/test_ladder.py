"""The ladder's own shapes, at full size with random weights, in transformers and llama.cpp.

Where the two likeliest tokens are closer than 1e-3, or an expert was chosen by less than 1e-5,
rounding may decide, and nothing behind that place of a text is compared.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.checkpoint import ModelSpec, build_model, publish_model
from alm.config import load_model_config
from alm.export.gguf import Format, write_gguf
from alm.export.huggingface import write_huggingface
from alm.export.llama_cpp_peer import Questions, ask_llama_cpp
from alm.export.parity import EXACT, compare
from alm.export.reference import Reference
from alm.export.source import Source
from alm.export.strings import probe_strings
from alm.export.transformers_peer import TransformersPeer
from alm.export.weights import Weights
from alm.infer.native import Library, NativeDecoder, compile_library
from alm.model import Transformer
from alm.quant import quantize_model, read_dequantized

from .conftest import publish_text

pytestmark = pytest.mark.usefixtures("llama_cpp")
RUNGS = ("tiny", "pico", "nano", "mini", "small", "base")
LARGE = ("pico", *(f"dense_{rung}{twin}" for rung in RUNGS for twin in ("", "_total")))
LADDER = ("tiny", *(pytest.param(each, marks=pytest.mark.nightly) for each in LARGE))
N_PROMPTS, N_PROMPT, N_NEW = 20, 8, 64
CLOSE = 1e-3
ENDS = (2, 8)  # of a text and of a turn: llama.cpp leaves both out where it is told to go on


def build(spec):
    """A network through which a signal goes neither growing nor vanishing."""
    model, generator = Transformer(spec.model, spec.n_vocab), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            scale = weight.shape[-1] ** -0.5 if weight.ndim > 1 else 0.1
            noise = torch.randn(weight.shape, generator=generator) * scale
            weight.copy_(noise + (weight.ndim == 1 and not name.endswith("bias")))
    return model.eval()


@pytest.fixture(scope="module", params=LADDER)
def exported(request, tmp_path_factory, tokenizer, tokenizer_model):
    """One shape in every form: float and int8, a directory, three GGUF files."""
    root = tmp_path_factory.mktemp(request.param)
    spec = ModelSpec(
        model=load_model_config(request.param),
        n_vocab=tokenizer.vocab_size,
        seq_len=N_PROMPT + N_NEW + 1,
        tokenizer_sha256=tokenizer.sha256,
    )
    nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}}
    facts = {"steps": 7, "tokens": 1234, "train_loss": 3.25}
    weights = {"model": build(spec).state_dict()}
    publish_model(root / "pretrain", spec, weights, **nothing, facts=facts)
    quantize_model(root / "pretrain", root / "int8", {})
    publish_text(root, tokenizer_model, tokenizer)
    paths = {"model": root / "pretrain", "int8": root / "int8"}
    paths |= {"tokenizer": root / "tokenizer", "packed": root / "packed"}
    source = Source.read(request.param, paths)
    write_huggingface(root / "huggingface", source)
    ggufs = {kind: root / f"{kind}.gguf" for kind in Format}
    for kind, path in ggufs.items():
        file = source.int8_weights if kind is Format.Q8_0 else source.float_weights
        with Weights.open(file, spec) as tensors:
            write_gguf(path, request.param, tensors, source.tokenizer.pieces, kind)
    reference = Reference.load(paths["model"])
    return SimpleNamespace(
        source=source, reference=reference, directory=root / "huggingface", ggufs=ggufs
    )


@pytest.fixture(scope="module")
def prompts(tokenizer):
    chances = np.random.default_rng(3)
    return chances.integers(36, tokenizer.vocab_size, (N_PROMPTS, N_PROMPT)).tolist()


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return Library(compile_library(tmp_path_factory.mktemp("libraries")))


@pytest.fixture(scope="module")
def peer(exported):
    return TransformersPeer.load(exported.directory)


def compare_greedy(reference, prompts, said, forbidden=()):
    """Return how many tokens were compared; each is the likeliest by our own scores too.

    ``forbidden`` are tokens that were not to be said.
    """
    n_compared = 0
    for prompt, new in zip(prompts, said, strict=True):
        assert len(new) == N_NEW
        ids = [*prompt, *new]
        logits_TV = torch.from_numpy(reference.logits(ids)[len(prompt) - 1 : -1])
        logits_TV[:, list(forbidden)] = -torch.inf
        first_T, second_T = logits_TV.topk(2).values.T
        is_clear_T = first_T - second_T > CLOSE
        settled = len(reference.settled(ids)) - len(prompt) + 1
        same_T = logits_TV.argmax(-1) == torch.tensor(new)
        assert same_T[:settled][is_clear_T[:settled]].all()
        n_compared += int(is_clear_T[:settled].sum())
    return n_compared


def test_transformers_computes_the_same_logits_and_reads_the_same_strings(exported, peer, prompts):
    reference, tokenizer = exported.reference, exported.source.tokenizer

    for prompt in prompts:
        ids = reference.settled(prompt * (1 + N_NEW // N_PROMPT))
        assert np.abs(peer.logits(ids) - reference.logits(ids)).max() <= 1e-4
    for text in probe_strings(tokenizer.pieces):
        assert peer.encode(text) == [1, *tokenizer.encode(text)]


def test_greedy_texts_of_transformers_are_ours(exported, peer, prompts):
    said = peer._model.generate(
        torch.tensor(prompts), max_new_tokens=N_NEW, do_sample=False, eos_token_id=None
    )

    n_compared = compare_greedy(exported.reference, prompts, said[:, N_PROMPT:].tolist())
    assert n_compared > 0.9 * N_PROMPTS * N_NEW


def test_greedy_texts_of_llama_cpp_are_ours(exported, prompts):
    request = {"path": str(exported.ggufs[Format.F32]), "threads": 1, "context": 256}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("greedy.py"))],
        input=json.dumps({**request, "prompts": prompts, "n_new": N_NEW}),
        capture_output=True,
        text=True,
        check=True,
    )

    n_compared = compare_greedy(exported.reference, prompts, json.loads(done.stdout), ENDS)
    assert n_compared > 0.9 * N_PROMPTS * N_NEW


def most_kl(exported):
    """A receipt's bound; in a random mixture roundings often send a token to another expert."""
    return 2e-3 if exported.source.spec.model.moe is None else 0.05


def ask(exported, kind, prompts):
    """What llama.cpp and we say behind each prompt, all log-probabilities."""
    tokenizer = exported.source.tokenizer
    strings = probe_strings(tokenizer.pieces) if kind is Format.F32 else []
    questions = Questions(strings, prompts, tokenizer.vocab_size, tokenizer.encode("\n")[0])
    answers = ask_llama_cpp(exported.ggufs[kind], questions, 1)
    plain = [text.replace("\u2581", " ") for text in strings]
    assert answers.ids == [[1, *tokenizer.encode(text)] for text in plain]
    return answers.logprobs_PV


def test_ten_likeliest_of_llama_cpp_are_ours(exported, prompts):
    prompts = [exported.reference.settled(prompt) for prompt in prompts]
    ours_PV = np.stack([exported.reference.logits(prompt)[-1] for prompt in prompts])

    found = compare([(ours_PV, ask(exported, Format.F32, prompts))])

    found.check(EXACT, "llama.cpp")
    assert found.same_top10 == 1


def test_float16_weights_cost_next_to_nothing(exported, prompts):
    prompts = [exported.reference.settled(prompt) for prompt in prompts]
    ours_PV = np.stack([exported.reference.logits(prompt)[-1] for prompt in prompts])

    found = compare([(ours_PV, ask(exported, Format.F16, prompts))])

    assert found.kl_divergence <= most_kl(exported)


@pytest.fixture(scope="module")
def int8(exported, library):
    """Scores behind each token of a text, by our compiled code."""
    decoder = NativeDecoder.load(exported.source.paths["int8"], library, 1)
    return lambda ids: decoder.score(ids, decoder.new_cache(len(ids))).numpy()


def test_llama_cpp_and_we_say_the_same_with_the_same_int8_weights(exported, prompts, int8):
    """Both round activations to int8, ours with steps in float32, theirs in float16."""
    ours_PV = np.stack([int8(prompt)[-1] for prompt in prompts])
    floats_PV = np.stack([exported.reference.logits(prompt)[-1] for prompt in prompts])

    theirs_PV = ask(exported, Format.Q8_0, prompts)
    found = compare([(ours_PV, theirs_PV)])
    cost, theirs = (compare([(floats_PV, each)]) for each in (ours_PV, theirs_PV))

    assert found.kl_divergence <= most_kl(exported)
    assert cost.kl_divergence <= 2 * theirs.kl_divergence + 1e-4


def test_int8_in_compiled_code_costs_little_more_than_its_weights(exported, prompts, int8):
    """Over whole texts, against what torch makes of the same weights with float32 activations."""
    spec, tensors = exported.source.spec, read_dequantized(exported.source.paths["int8"])
    weights = Reference(build_model(spec, tensors, "cpu"))
    pairs = {"weights": [], "all": []}
    for i, prompt in enumerate(prompts):
        ids = exported.reference.settled([*prompt, *prompts[i - 1], *prompts[i - 2]])
        floats = exported.reference.logits(ids)
        pairs["weights"].append((floats, weights.logits(ids)))
        pairs["all"].append((floats, int8(ids)))

    least, found = (compare(each) for each in pairs.values())
    assert found.kl_divergence <= 4 * least.kl_divergence
    assert found.same_top1 >= least.same_top1 - 0.05
