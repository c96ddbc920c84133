"""A small text with some of everything in it, and the vocabularies learnt from it."""

import io
import json
import random
from types import SimpleNamespace

import pytest
from sentencepiece import SentencePieceTrainer

from alm.config import TokenizerConfig
from alm.io import Manifest, canonical_json, write_text
from alm.tokenizer import Tokenizer, train_tokenizer
from alm.tokenizer.training import FIXED, LOSSLESS, SYMBOLS

REST = {"max_vocab_size": 512, "character_coverage": 0.9999}
BPE = TokenizerConfig(algorithm="bpe", vocab_size=480, **REST)
UNIGRAM = TokenizerConfig(algorithm="unigram", vocab_size=360, **REST)


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


@pytest.fixture(scope="session")
def train_with():
    """Train a model otherwise than alm does."""

    def train_with(texts, **changes):
        model = io.BytesIO()
        options = {**LOSSLESS, **SYMBOLS, **FIXED, "input_format": "text", "model_type": "bpe"}
        options |= {"vocab_size": 420, "character_coverage": 0.9999}
        options |= changes
        SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, **options)
        return model.getvalue()

    return train_with


ODD = [
    "\u2581",
    "\u2585",
    "\0",
    "\ufeff",
    "\u2028",
    "\xa0",
    "\U0010ffff",
    "é",
    "e\u0301",
    "—",
    "“",
    "₁",
]
CHUNKS = [
    " ",
    "  ",
    " " * 40,
    "\n",
    "\n\n",
    "\t",
    "\r\n",
    "<s>",
    "<|user|>",
    "<0x41>",
    "=" * 50,
    *ODD,
]


@pytest.fixture(scope="session")
def make_fuzz(texts):
    """Make strings of words, bits of words, spaces, symbols and characters from everywhere."""

    def make_fuzz(n, seed=0):
        chance = random.Random(seed)
        words = " ".join(texts).split(" ")

        def chunk():
            kind = chance.randrange(6)
            if kind < 2:
                return chance.choice(words)[: chance.randrange(1, 12)]
            if kind < 4:
                return chance.choice(CHUNKS)
            if kind == 4:
                return "".join(chr(chance.randrange(32, 127)) for _ in range(chance.randrange(6)))
            return chr(
                chance.choice([chance.randrange(0xD800), chance.randrange(0xE000, 0x110000)])
            )

        return ["".join(chunk() for _ in range(chance.randrange(30))) for _ in range(n)]

    return make_fuzz


def read_unit(unit):
    """Stand in for ``alm.corpus.read_unit``."""
    with unit.path.open("rb") as file:
        file.seek(unit.start)
        for line in file.read(unit.stop - unit.start).split(b"\n")[:-1]:
            yield SimpleNamespace(**json.loads(line))


@pytest.fixture(scope="session")
def read():
    return read_unit


@pytest.fixture
def write_corpus(tmp_path, texts):
    """Write what stage filter would have; documents are of sources s and t in turn."""

    def write(name="filter", train=texts, val=("the sea\n gives", "12 coins")):
        root = tmp_path / name
        for split, given in (("train", train), ("val", val)):
            documents = [
                {"id": f"{split}{i}", "meta": {}, "source": "st"[i % 2], "text": text}
                for i, text in enumerate(given)
            ]
            lines = [canonical_json(document) + "\n" for document in documents]
            write_text(root / f"{split}.jsonl", "".join(lines))
        Manifest.write(root, "corpus.filter", params={}, inputs={}, facts={})
        return root

    return write


@pytest.fixture
def small_units(monkeypatch):
    """Cut what a test can write into several units."""
    monkeypatch.setattr("alm.work.unit.UNIT_BYTES", 1000)
