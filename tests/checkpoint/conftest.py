"""A network of a few hundred weights."""

from dataclasses import replace

import pytest

from alm.checkpoint import ModelSpec
from alm.config import load_model_config
from alm.model import Transformer, init_weights


@pytest.fixture
def spec():
    shape = load_model_config("dense_tiny")
    return ModelSpec(
        model=replace(shape, d_model=32, n_layers=1, d_ff=32, n_heads=2, n_kv_heads=1, d_head=16),
        n_vocab=400,
        seq_len=8,
        tokenizer_sha256="0" * 64,
    )


@pytest.fixture
def model(spec):
    model = Transformer(spec.model, spec.n_vocab)
    init_weights(model, 1)
    return model
