"""A random network with every kind of weight in it, published as training would."""

import pytest
import torch

from alm.checkpoint import ModelSpec, publish_model
from alm.config import ModelConfig, MoEConfig
from alm.model import Transformer

torch.set_num_threads(1)


@pytest.fixture
def spec():
    """Two layers, a mixture above a dense one; output and embedding are two matrices."""
    moe = MoEConfig(
        router="sigmoid",
        n_dense_layers=1,
        n_experts=4,
        n_experts_per_token=2,
        n_shared_experts=1,
        d_expert=32,
    )
    config = ModelConfig(
        vocab_size=96,
        d_model=32,
        n_layers=2,
        n_heads=4,
        n_kv_heads=2,
        d_head=16,
        d_ff=64,
        position="rope",
        rope_scaling=None,
        window=None,
        targets=(),
        rope_theta=10_000.0,
        norm_eps=1e-6,
        tied_embeddings=False,
        moe=moe,
    )
    return ModelSpec(model=config, n_vocab=80, seq_len=16, tokenizer_sha256="0" * 64)


@pytest.fixture
def model(spec):
    model = Transformer(spec.model, spec.n_vocab)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.2, generator=generator)
    return model.eval()


@pytest.fixture
def publish(tmp_path, spec):
    """Publish named tensors; return their directory."""

    def write(tensors):
        out = tmp_path / "pretrain"
        nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}
        publish_model(out, spec, {"model": tensors}, **nothing)
        return out

    return write
