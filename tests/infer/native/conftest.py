"""Random int8 models of every kind, the program that reads them, and the same written slowly."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.config import ModelConfig, MoEConfig
from alm.infer.native import PORTABLE, Library, NativeDecoder, compile_library
from alm.model import Transformer
from alm.quant import Blocks, dequantize_blocks, quantize_tensors

N_VOCAB = 101  # no multiple of 16, and fewer than the embedding's rows
N_POSITIONS = 150  # no multiple of 16

BASE = {
    **{"vocab_size": 112, "d_model": 96, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2},
    **{"d_head": 24, "d_ff": 64, "position": "rope", "rope_theta": 10_000.0, "rope_scaling": None},
    **{"window": None, "norm_eps": 1e-6, "tied_embeddings": False, "targets": (), "moe": None},
}
MIXTURE = {
    **{"router": "sigmoid", "n_dense_layers": 1, "n_experts": 5, "n_experts_per_token": 2},
    **{"n_shared_experts": 1, "d_expert": 32},
}
SHAPES = {  # name -> changes of the base, changes of the mixture or None
    "dense, untied, heads of 24": ({}, None),
    "dense, tied, one key head": ({"tied_embeddings": True, "n_kv_heads": 1, "d_head": 16}, None),
    "sigmoid, shared, tied": ({"tied_embeddings": True, "d_head": 64}, {}),
    "sigmoid, one of five": ({"d_model": 32}, {"n_experts_per_token": 1, "n_dense_layers": 0}),
    "softmax, three of five, two shared": (
        {"n_kv_heads": 4, "d_head": 8},
        {"router": "softmax", "n_experts_per_token": 3, "n_shared_experts": 2},
    ),
    "softmax, one of five, none shared": (
        {"d_model": 64, "n_layers": 3, "d_head": 40},
        {"router": "softmax", "n_experts_per_token": 1, "n_shared_experts": 0},
    ),
}


def make_config(name="sigmoid, shared, tied", **more):
    changes, mixture = SHAPES[name]
    moe = None if mixture is None else MoEConfig(**(MIXTURE | mixture))
    return ModelConfig(**(BASE | changes | {"moe": moe} | more))


def make_model(config, seed=0):
    """A torch model and the tensors of its int8 file; both compute with the same weights."""
    model = Transformer(config, N_VOCAB)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            mean, spread = (1.0, 0.1) if "norm" in name else (0.0, weight.shape[-1] ** -0.5)
            weight.normal_(mean, spread, generator=generator)
    tensors = quantize_tensors({name: x.numpy() for name, x in model.state_dict().items()})
    model.load_state_dict(
        {name: torch.from_numpy(weight_of(tensors, name)) for name in model.state_dict()}
    )
    return SimpleNamespace(config=config, model=model.eval(), tensors=tensors)


def weight_of(tensors, name):
    if tensors[name].dtype != np.int8:
        return tensors[name]
    return dequantize_blocks(Blocks(tensors[name], tensors[name + ".scale"]))


def make_decoder(made, library, n_threads=1):
    return NativeDecoder(library, made.config, N_VOCAB, made.tensors, N_POSITIONS, n_threads)


def random_ids(n, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, N_VOCAB, (n,), generator=generator).tolist()


@pytest.fixture(params=SHAPES, scope="session")
def made(request):
    """A model of each shape."""
    return make_model(make_config(request.param))


@pytest.fixture(scope="session")
def mixture():
    """A model of the commonest shape."""
    return make_model(make_config())


@pytest.fixture(scope="session")
def slow():
    return slow_logits


@pytest.fixture
def open_model():
    """Make a decoder of a model."""
    return make_decoder


@pytest.fixture
def remake():
    """Make a model with another config."""
    return lambda **changes: make_model(make_config(**changes))


@pytest.fixture
def config_of():
    return make_config


@pytest.fixture
def ids_of():
    """Make random ids of tokens."""
    return random_ids


@pytest.fixture(scope="session")
def portable(library_cache):
    """The same in plain C."""
    return Library(compile_library(library_cache, PORTABLE))


# --- the same network again, in float64 and for reading ------------------------------------------


def slow_logits(made, ids):
    """Scores of the successor of each token, (T, V), what int8 activations lose included."""
    config, network = made.config, Slow(made.config, made.tensors)
    x_TD = network.matrix("embed.weight")[ids]
    for layer in range(config.n_layers):
        name = f"blocks.{layer}."
        normal_TD = network.norm(x_TD, name + "attention_norm.weight")
        x_TD = x_TD + network.attention(normal_TD, name + "attention.")
        normal_TD = network.norm(x_TD, name + "feed_forward_norm.weight")
        is_mixture = config.moe and layer >= config.moe.n_dense_layers
        part = network.mixture if is_mixture else network.feed_forward
        x_TD = x_TD + np.stack([part(x_D, name + "feed_forward.") for x_D in normal_TD])
    head = "embed.weight" if config.tied_embeddings else "head.weight"
    normal_TD = network.norm(x_TD, "norm.weight")
    return rounded(normal_TD) @ network.matrix(head)[:N_VOCAB].T


def rounded(x):
    """What is left of activations in blocks of 32 int8 numbers with one step."""
    blocks = x.reshape(*x.shape[:-1], -1, 32)
    step = np.abs(blocks).max(-1, keepdims=True) / 127
    return (np.rint(blocks / step) * step).reshape(x.shape)


def silu(x):
    return x / (1 + np.exp(-x))


def turned(x_H, position, theta):
    half = len(x_H) // 2
    angles = position * theta ** (-np.arange(half) / half)
    first, second = x_H[:half], x_H[half:]
    return np.concatenate(
        [
            first * np.cos(angles) - second * np.sin(angles),
            second * np.cos(angles) + first * np.sin(angles),
        ]
    )


class Slow:
    def __init__(self, config, tensors):
        self.config = config
        self.tensors = tensors

    def matrix(self, name):
        blocks = Blocks(self.tensors[name], self.tensors[name + ".scale"])
        return dequantize_blocks(blocks).astype(np.float64)

    def product(self, x, name):
        return rounded(x) @ self.matrix(name).T

    def norm(self, x, name):
        mean = (x * x).mean(-1, keepdims=True)
        return x / np.sqrt(mean + self.config.norm_eps) * self.tensors[name]

    def attention(self, x_TD, name):
        config, heads = self.config, {}
        for part in "qkv":
            heads[part] = self.product(x_TD, f"{name}{part}.weight")
            heads[part] = heads[part].reshape(len(x_TD), -1, config.d_head)
        for part in "qk":
            normal = self.norm(heads[part], f"{name}{part}_norm.weight")
            for t, n in np.ndindex(normal.shape[:2]):
                normal[t, n] = turned(normal[t, n], t, config.rope_theta)
            heads[part] = normal
        y_TNH = np.zeros_like(heads["q"])
        for t, n in np.ndindex(y_TNH.shape[:2]):
            g = n * config.n_kv_heads // config.n_heads
            scores_P = heads["k"][: t + 1, g] @ heads["q"][t, n] / np.sqrt(config.d_head)
            weights_P = np.exp(scores_P - scores_P.max())
            y_TNH[t, n] = weights_P / weights_P.sum() @ heads["v"][: t + 1, g]
        return self.product(y_TNH.reshape(len(x_TD), -1), name + "o.weight")

    def feed_forward(self, x_D, name):
        gate_F, up_F = (self.product(x_D, f"{name}{part}.weight") for part in ("gate", "up"))
        return self.product(silu(gate_F) * up_F, name + "down.weight")

    def mixture(self, x_D, name):
        moe = self.config.moe
        logits_E = self.tensors[name + "router.weight"].astype(np.float64) @ x_D
        scores_E = 1 / (1 + np.exp(-logits_E))
        ranks_E = scores_E + self.tensors.get(name + "router.selection_bias", 0)
        if moe.router == "softmax":
            ranks_E = scores_E = np.exp(logits_E) / np.exp(logits_E).sum()
        chosen_K = np.argsort(-ranks_E)[: moe.n_experts_per_token]
        total = scores_E[chosen_K].sum() if len(chosen_K) > 1 else 1
        y_D = self.feed_forward(x_D, name + "shared.") if moe.n_shared_experts else 0
        stacks = ("w_gate_EFD", "w_up_EFD", "w_down_EDF")
        for e in chosen_K:
            gate, up, down = (self.matrix(f"{name}experts.{stack}")[e] for stack in stacks)
            inner_F = silu(gate @ rounded(x_D)) * (up @ rounded(x_D))
            y_D = y_D + scores_E[e] / total * (down @ rounded(inner_F))
        return y_D
