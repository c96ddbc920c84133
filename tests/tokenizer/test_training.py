"""train_tokenizer: the same bytes everywhere, the same pieces as plain training, helpful errors."""

import hashlib
import io
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
from sentencepiece import SentencePieceTrainer

from alm.errors import ConfigError, InputError
from alm.tokenizer import Tokenizer, train_tokenizer
from alm.tokenizer.model_proto import read_pieces
from alm.tokenizer.training import LOSSLESS, SYMBOLS

SRC = Path(__file__).parents[2] / "src"
CONFTEST = Path(__file__).with_name("conftest.py")
TRAIN = f"""\
import hashlib, runpy, sys
sys.path.insert(0, {str(SRC)!r})
from alm.tokenizer import train_tokenizer
given = runpy.run_path({str(CONFTEST)!r})
for config in (given["BPE"], given["UNIGRAM"]):
    print(hashlib.sha256(train_tokenizer(given["make_texts"](), config)).hexdigest())
"""


def train_in(directory, **environment):
    """Return the digests of two models trained by a fresh process in another place."""
    directory.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", TRAIN],
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(directory.iterdir()) == []
    return done.stdout.split()


def test_model_bytes_are_the_same_anywhere(tmp_path, model):
    one = train_in(tmp_path / "a", PYTHONHASHSEED="1", OMP_NUM_THREADS="1")
    other = train_in(
        tmp_path / "bbb", PYTHONHASHSEED="2", OMP_NUM_THREADS="7", LANG="C", TZ="Asia/Tokyo"
    )

    assert one == other
    assert one[0] == hashlib.sha256(model).hexdigest()


@pytest.mark.parametrize(("algorithm", "vocab_size"), [("bpe", 480), ("unigram", 360)])
def test_order_of_the_texts_does_not_matter(texts, config, algorithm, vocab_size):
    config = replace(config, algorithm=algorithm, vocab_size=vocab_size)

    assert train_tokenizer(reversed(texts), config) == train_tokenizer(texts, config)


def train_on_text(texts, config):
    """Return the model of SentencePiece's own way: whole texts instead of counted words."""
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type=config.algorithm,
        vocab_size=config.vocab_size,
        character_coverage=config.character_coverage,
        **{"num_threads": 1, "minloglevel": 2, "max_sentence_length": 2**30},
        **LOSSLESS,
        **SYMBOLS,
    )
    return model.getvalue()


@pytest.mark.parametrize("vocab_size", [380, 480, 560])
def test_pieces_are_those_of_training_on_the_text_itself(texts, config, vocab_size):
    """Counting words first is a matter of memory: SentencePiece finds the same vocabulary."""
    config = replace(config, vocab_size=vocab_size)

    assert read_pieces(train_tokenizer(texts, config)) == read_pieces(train_on_text(texts, config))


def read_stdlib(n_bytes):
    """Return so much of the running Python's own sources, and some CJK, digits and marks."""
    texts, room = [], n_bytes
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if room > 0 and "site-packages" not in path.parts:
            text = path.read_text("utf-8", errors="ignore").rstrip()
            texts.append(
                re.sub("[\u2581\u2585]", "", text)
            )  # which SentencePiece takes for its own
            texts.append(f"{len(text)} 漢字かな {'中文' * (len(text) % 7)} 1{room}.5\xa0e\u0301 é")
            room -= len(text)
    return texts


@pytest.mark.parametrize(
    ("n_bytes", "vocab_size"),
    [
        pytest.param(10**6, 1500, id="1 MB"),
        pytest.param(6 * 10**6, 8192, marks=pytest.mark.nightly, id="6 MB"),
        pytest.param(30 * 10**6, 16384, marks=pytest.mark.nightly, id="30 MB"),
    ],
)
def test_pieces_are_those_of_training_on_megabytes_themselves(config, n_bytes, vocab_size):
    """Its own way is a line at a time; among equal counts it may choose otherwise for more."""
    texts = read_stdlib(n_bytes)
    lines = [line for text in texts for line in text.split("\n")]
    config = replace(config, vocab_size=vocab_size)

    assert read_pieces(train_tokenizer(texts, config)) == read_pieces(train_on_text(lines, config))


def test_auto_is_the_model_of_the_size_that_it_comes_to(texts, config):
    auto = replace(config, vocab_size="auto", max_vocab_size=2048)

    assert train_tokenizer(texts, auto) == train_tokenizer(texts, replace(config, vocab_size=512))


def test_text_in_a_line_beyond_the_trainers_limit_is_learnt_from(texts, config):
    """By itself SentencePiece passes over a line of more than 4,192 bytes, silently."""
    line = " ".join([*texts, *["galumphing vorpal"] * 300]).replace("\n", " ")

    pieces = {piece.text for piece in read_pieces(train_tokenizer([line], config))}

    assert {"▁galumphing", "▁vorpal"} <= pieces


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_size_beyond_the_text_is_refused_with_the_largest_that_works(texts, config, algorithm):
    config = replace(config, algorithm=algorithm, vocab_size=9999, character_coverage=1.0)

    with pytest.raises(
        ConfigError, match=r"tokenizer\.vocab_size is 9999.*auto.*params\.yaml"
    ) as error:
        train_tokenizer(texts, config)

    largest = int(re.search(r"at most (\d+) pieces", str(error.value))[1])
    assert (
        Tokenizer(train_tokenizer(texts, replace(config, vocab_size=largest))).vocab_size == largest
    )
    with pytest.raises(ConfigError):
        train_tokenizer(texts, replace(config, vocab_size=largest + 1))


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_text_without_a_space_still_gives_a_vocabulary_that_keeps_spaces(texts, config, algorithm):
    config = replace(config, algorithm=algorithm, vocab_size=360)
    dense = (text.replace(" ", "\n") for text in texts)

    tokenizer = Tokenizer(train_tokenizer(dense, config))

    assert tokenizer.decode(tokenizer.encode("to  be ")) == "to  be "


def test_text_too_short_for_any_vocabulary_is_told_to_grow(config):
    with pytest.raises(ConfigError, match=r"at most \d+ pieces; add text$"):
        train_tokenizer(["a word"], config)


def test_size_below_the_alphabet_is_refused_with_the_smallest_that_works(config):
    alphabet = "".join(chr(0x4E00 + i) for i in range(400))
    config = replace(config, vocab_size=320, character_coverage=1.0)

    with pytest.raises(ConfigError, match=r"characters of this text need (\d+)") as error:
        train_tokenizer([alphabet * 3], config)

    least = int(re.search(r"need (\d+)", str(error.value))[1])
    assert Tokenizer(train_tokenizer([alphabet * 3], replace(config, vocab_size=least)))


@pytest.mark.parametrize("texts", [[], [""], ["\n\t\n"]], ids=repr)
def test_no_text_is_refused(texts, config):
    with pytest.raises(InputError, match="found no word"):
        train_tokenizer(texts, config)


def test_training_says_nothing(texts, config, capfd):
    train_tokenizer(texts, config)

    assert capfd.readouterr() == ("", "")
