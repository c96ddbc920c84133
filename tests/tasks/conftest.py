"""A vocabulary of bytes, and random networks small enough to answer at every test."""

import pytest
import torch

from alm.config import ModelConfig, SampleConfig
from alm.infer import Engine
from alm.model import Transformer

torch.set_num_threads(1)
SHAPE = ModelConfig(
    vocab_size=340,
    d_model=32,
    n_layers=2,
    n_heads=2,
    n_kv_heads=2,
    d_head=16,
    d_ff=32,
    position="rope",
    rope_scaling=None,
    window=None,
    targets=(),
    rope_theta=10_000.0,
    norm_eps=1e-6,
    tied_embeddings=False,
    moe=None,
)


class ByteTokenizer:
    """Four specials, then one token per byte."""

    pad_id, bos_id, eos_id, unk_id = range(4)
    vocab_size = 260

    def encode(self, text):
        return [byte + 4 for byte in text.encode()]

    def decode_bytes(self, ids):
        return bytes(i - 4 for i in ids if i >= 4)

    def decode(self, ids):
        return self.decode_bytes(ids).decode("utf-8", "replace")


PRINTABLE = slice(4 + ord(" "), 4 + ord("~") + 1)


def random_model(n_vocab=ByteTokenizer.vocab_size, seed=0, spread=0.3):
    """Build a network that says printable ASCII where it takes the likeliest token.

    A spread of 0 finds every token as likely.
    """
    model = Transformer(SHAPE, n_vocab)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 1, generator=generator).mul_(spread)
        likely = model.head.weight[PRINTABLE].clone()
        model.head.weight.zero_()[PRINTABLE] = likely
    return model.eval()


@pytest.fixture
def tokenizer():
    return ByteTokenizer()


@pytest.fixture
def model():
    return random_model()


@pytest.fixture
def engine(model, tokenizer):
    return Engine(model, tokenizer, "cpu", 256)


@pytest.fixture
def sampling():
    """The model's own distribution, as it is."""
    return SampleConfig(
        prompts=("a",),
        max_new_tokens=12,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        repetition_penalty=1.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
    )
