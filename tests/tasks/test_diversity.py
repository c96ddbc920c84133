"""Diversity: counted by hand, and compared at equal length."""

import pytest

from alm.infer import Completion
from alm.tasks.diversity import (
    MAX_NEW_TOKENS,
    PROMPT_TOKENS,
    compare_samples,
    describe,
    distinct,
    ends_in_loop,
    openings,
    repeated,
)

LONG = "It was a cold morning, and nobody had lit the fire in the hall. "


def test_distinct_n_grams_are_counted_over_all_texts():
    texts = [(1, 2, 1, 2), (1, 2, 3)]

    assert distinct(texts, 1) == 3 / 7
    assert distinct(texts, 2) == 3 / 5  # 12 21 12, 12 23
    assert distinct(texts, 3) == 3 / 3  # 121 212, 123
    assert distinct([(1,)], 2) is None


def test_repetition_is_counted_within_each_text():
    assert repeated([(1, 2, 3, 4), (1, 2, 3, 4)]) == 0
    assert repeated([(1, 2, 3, 4, 1, 2, 3, 4)]) == 1 / 5
    assert repeated([(7,) * 8]) == 4 / 5
    assert repeated([(1, 2, 3)]) is None


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ((5,) * 12, True),
        ((5,) * 11, False),
        ((9, 9, *(5,) * 12), True),
        ((1, 2) * 6, True),
        ((1, 2) * 6 + (3,), False),
        ((1, 2, 3, 4, 5) * 3, True),
        ((1, 2, 3, 4, 5) * 2, False),
        ((4, 5) + (1, 2, 3, 4, 5) * 2, False),
        ((3, 4, 5) + (1, 2, 3, 4, 5) * 2, False),
        (tuple(range(30)) + tuple(range(7)) * 2, False),
        (tuple(range(40)), False),
        ((), False),
    ],
)
def test_a_loop_says_the_same_three_times_at_the_end(text, loops):
    assert ends_in_loop(text) == loops


def test_texts_are_taken_from_all_over(tokenizer):
    texts = [f"{i:02d}{LONG}" for i in range(40)]

    found = openings(texts, tokenizer, 4, 256)

    assert [prompt[:2] for prompt, _ in found] == ["00", "10", "20", "30"]
    for prompt, rest in found:
        assert tokenizer.encode(prompt) + rest == tokenizer.encode(texts[int(prompt[:2])])[:48]
        assert (len(prompt), len(rest)) == (PROMPT_TOKENS, MAX_NEW_TOKENS)


def test_texts_that_are_too_short_or_cut_a_character_are_passed_over(tokenizer):
    cut = "a" * (PROMPT_TOKENS - 1) + "é" + LONG
    texts = ["short", cut, LONG]

    assert [prompt for prompt, _ in openings(texts, tokenizer, 3, 256)] == [LONG[:PROMPT_TOKENS]]
    assert openings(["short"], tokenizer, 3, 256) == []
    assert openings([], tokenizer, 3, 256) == []


def test_context_without_room_for_a_sample_has_none(tokenizer):
    need = 1 + PROMPT_TOKENS + MAX_NEW_TOKENS

    assert openings([LONG], tokenizer, 1, need)
    assert openings([LONG], tokenizer, 1, need - 1) == []


class Scripted:
    """An engine that says given tokens."""

    def __init__(self, *said):
        self.said = said

    def complete(self, requests):
        self.requests = requests
        return [Completion("", ids, "length") for ids in self.said]


def test_samples_and_text_are_cut_to_the_same_length(sampling):
    engine = Scripted((7,) * 20, (8,) * 5)

    found = compare_samples(engine, [("a", [1, 2, 3]), ("b", [4, 5, 6, 7, 8, 9])], sampling, 3)

    assert (found["n"], found["tokens"]) == (2, 8)
    assert found["samples"] == describe([(7,) * 3, (8,) * 5])
    assert found["held_out"] == describe([(1, 2, 3), (4, 5, 6, 7, 8)])
    assert [(each.seed, each.sequence) for each in engine.requests] == [(3, 0), (3, 1)]
    assert {each.config.max_new_tokens for each in engine.requests} == {MAX_NEW_TOKENS}


def test_no_sample_repeats_nothing(sampling):
    found = compare_samples(Scripted(), [], sampling, 3)

    assert found["n"] == found["tokens"] == 0
    assert found["samples"]["loops"] == {"value": None, "interval": None}
