"""Size of a vocabulary: powers of two, bounded by the text, its characters and the limit."""

import re
from dataclasses import replace

import pytest

from alm.errors import ConfigError
from alm.tokenizer import Tokenizer, train_tokenizer
from alm.tokenizer.size import Misfit, find_size

KIB = 1024


def text_that(yields, needs=36):
    """Stand in for training: a text yields so many pieces, and its characters need so many."""

    def train(size):
        if size < needs:
            return Misfit(most=None, least=needs)
        return b"%d" % size if size <= yields else Misfit(most=yields, least=None)

    return train


@pytest.mark.parametrize(
    ("yields", "needs", "n_bytes", "max_size", "size"),
    [
        (10**6, 36, 10**9, 32768, 32768),
        (10**6, 36, 10**9, 40000, 32768),
        (10**6, 36, 2048 * KIB, 32768, 2048),
        (10**6, 36, 2048 * KIB - 1, 32768, 1024),
        (10**6, 36, 10, 32768, 512),
        (3000, 36, 10**9, 32768, 2048),
        (500, 36, 10**9, 32768, 500),
        (320, 36, 10**9, 512, 320),
        (10**6, 700, 10, 32768, 1024),
        (10**6, 1024, 10, 32768, 1024),
        (900, 700, 10, 32768, 900),
        (1500, 1100, 10, 32768, 1500),
    ],
)
def test_auto_takes(yields, needs, n_bytes, max_size, size):
    assert find_size(text_that(yields, needs), n_bytes, max_size) == b"%d" % size


def test_text_that_yields_too_little_is_told_to_grow():
    with pytest.raises(ConfigError, match=r"vocab_size is auto, .* at most 319 pieces; add text$"):
        find_size(text_that(319), 10, 512)


def test_more_characters_than_the_limit_has_room_for_are_refused():
    with pytest.raises(ConfigError, match=r"max_vocab_size is 512, .* need 700; set 1024 or more"):
        find_size(text_that(10**6, 700), 10, 512)


def test_what_is_no_matter_of_size_is_passed_on():
    with pytest.raises(ConfigError, match="with these parameters: out of luck"):
        Misfit.read("out of luck")


def test_auto_gives_all_that_a_short_text_yields(config):
    texts = ["a captain and a sailor of the sea"] * 9
    with pytest.raises(ConfigError, match="auto") as error:
        train_tokenizer(texts, replace(config, vocab_size=9999))
    most = int(re.search(r"at most (\d+)", str(error.value))[1])

    tokenizer = Tokenizer(train_tokenizer(texts, replace(config, vocab_size="auto")))

    assert 320 <= tokenizer.vocab_size == most < 512
