"""Choices: what is asked for by hand, over what the preset says."""

import pytest

from alm.errors import ConfigError
from alm.infer.choices import Choices


def test_nothing_chosen_is_the_presets(make_config):
    config = make_config()

    assert Choices.parse([], config, 7) == Choices(config, 7, 1)


def test_what_is_named_is_another(make_config):
    words = ["max_new_tokens=5", "temperature=0.5", "top_k=3", "seed=9", "n=2"]

    found = Choices.parse(words, make_config(), 7)

    changed = make_config(max_new_tokens=5, temperature=0.5, top_k=3)
    assert found == Choices(changed, 9, 2)


def test_temperature_0_takes_the_likeliest(make_config):
    config = make_config(temperature=0.7)

    assert Choices.parse(["temperature=0"], config, 7) == Choices(config, None, 1)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("temperature=hot", "expected temperature to be a number, found 'hot'; change it"),
        ("temperature=-1", "found temperature: Input should be greater than 0"),
        ("temperature=nan", "found temperature: Input should be"),
        ("max_new_tokens=0", "found max_new_tokens: Input should be greater than 0"),
        ("max_new_tokens=1.5", "to be a whole number, found '1.5'"),
        ("seed=-1", "expected seed to be a whole number of at least 0"),
        ("seed=9223372036854775808", "and below 9223372036854775808"),
        ("n=0", "expected n to be a whole number of at least 1"),
        ("n=", "found ''"),
        ("prompts=x", "no choice 'prompts'; choose from: n, seed, max_new_tokens, temperature"),
        ("heat=1", "no choice 'heat'"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_a_line(make_config, word, message):
    with pytest.raises(ConfigError, match=message) as raised:
        Choices.parse([word], make_config(), 7)

    assert "\n" not in str(raised.value)


def test_several_likeliest_are_refused(make_config):
    with pytest.raises(ConfigError, match="expected n=1 at temperature 0, .* found n=3; raise"):
        Choices.parse(["n=3", "temperature=0"], make_config(), 7)
