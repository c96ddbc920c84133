"""A small text with some of everything in it, and the vocabularies learnt from it."""

import pytest

from alm.config import TokenizerConfig
from alm.tokenizer import Tokenizer, train_tokenizer

BPE = TokenizerConfig(algorithm="bpe", vocab_size=480, character_coverage=0.9999)
UNIGRAM = TokenizerConfig(algorithm="unigram", vocab_size=360, character_coverage=0.9999)


WORDS = (
    *("sailor", "captain", "lighthouse", "anchor", "harbour", "island", "treasure", "compass"),
    *("whisper", "thunder", "morning", "evening", "winter", "summer", "copper", "silver"),
    *("garden", "window", "bridge", "letter", "secret", "promise", "shadow", "lantern"),
    *("mountain", "river", "forest", "village", "answer", "question", "number", "wanderer"),
)


def make_texts(n=60):
    """Prose, code, numbers and other scripts; every text differs from the others."""
    return [
        f"In the year {1700 + i} a {WORDS[i % 31]} found {i * 37 % 101} {WORDS[i * 7 % 32]}s,\n"
        f"and  the {WORDS[i * 5 % 27]} {WORDS[i * 11 % 32]} kept them.\n\n"
        f"def add_{i}(x, y):\n    return x + y * {i}\t# übung {'ж' * (i % 3)}\n"
        f"  {'漢字かな'[i % 4]}: the captain answered,\r\n“the sea gives {i}.”"
        for i in range(n)
    ]


@pytest.fixture(scope="session")
def texts():
    return make_texts()


@pytest.fixture(scope="session")
def config():
    return BPE


@pytest.fixture(scope="session")
def model(texts):
    return train_tokenizer(texts, BPE)


@pytest.fixture(scope="session")
def tokenizer(model):
    return Tokenizer(model)


@pytest.fixture(scope="session")
def unigram(texts):
    return Tokenizer(train_tokenizer(texts, UNIGRAM))


@pytest.fixture(scope="session", params=["bpe", "unigram"])
def each(request, tokenizer, unigram):
    """Both kinds of vocabulary, one after the other."""
    return {"bpe": tokenizer, "unigram": unigram}[request.param]
