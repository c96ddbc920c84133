"""Likelihood: the engine's own scores, and what the engine would say."""

import math
from dataclasses import replace

import pytest
import torch

from alm.errors import IntegrityError
from alm.tasks.likelihood import SIDE_BY_SIDE, Sheet, count_shared, judge, read_answers
from alm.tasks.question import Question

from .conftest import random_model


def question(prompt="ab", answer=" x.", others=(" y.", " zz.", " 0.")):
    return Question(prompt=prompt, answer=answer, others=others, chance=0.25)


@pytest.mark.parametrize("prompt", ["a", "the cat sat on the mat"])
def test_nats_are_those_of_the_engine(engine, prompt):
    sheet = Sheet.of(question(prompt), engine.tokenizer)

    nats_BA, exact_B = read_answers(engine.model, [sheet])

    for nats, answer in zip(nats_BA[0].tolist(), sheet.answers, strict=True):
        scores = engine.score([*sheet.prefix, *answer])
        assert -scores.logprobs_T[-len(answer) :].sum() == pytest.approx(nats, abs=1e-4)
    right = engine.score([*sheet.prefix, *sheet.answers[0]])
    assert bool(right.greedy_T[-len(sheet.answers[0]) :].all()) == exact_B[0]


def test_the_likeliest_answer_is_preferred(engine):
    sheet = Sheet.of(question(), engine.tokenizer)
    nats_BA, _ = read_answers(engine.model, [sheet])

    assert judge(engine.model, [sheet])[0].preferred == nats_BA[0].argmin()


@pytest.mark.parametrize("prompt", ["a", "b b b", "some words"])
def test_an_answer_is_exact_if_the_engine_would_say_it(engine, sampling, prompt):
    said = engine.generate(prompt, replace(sampling, max_new_tokens=4), None)[0]
    spelt = [engine.tokenizer.bos_id, *engine.tokenizer.encode(prompt)]
    wrong = [[7, *said.ids[1:]], [*said.ids[:-1], 7], [*said.ids, 7]]

    (verdict,) = judge(engine.model, [Sheet(spelt, [list(said.ids), *wrong])])
    (other,) = judge(engine.model, [Sheet(spelt, [wrong[1], list(said.ids), *wrong[:1]])])

    assert verdict.exact
    assert not other.exact


def test_answers_of_other_lengths_beside_it_do_not_matter(engine, sampling):
    said = [
        engine.generate(prompt, replace(sampling, max_new_tokens=n), None)[0].ids
        for prompt, n in (("ab", 5), ("cd", 2))
    ]
    prefixes = [[1, *engine.tokenizer.encode(prompt)] for prompt in ("ab", "cd")]
    sheets = [Sheet(prefix, [list(ids), [7]]) for prefix, ids in zip(prefixes, said, strict=True)]

    assert [verdict.exact for verdict in judge(engine.model, sheets)] == [True, True]


def test_equally_likely_answers_are_not_preferred(tokenizer):
    indifferent = random_model(spread=0)
    same_length = question(others=(" y.", " z.", " 0."))

    assert judge(indifferent, [Sheet.of(same_length, tokenizer)])[0].preferred == 3


def test_a_model_that_diverged_is_told(tokenizer):
    with pytest.raises(IntegrityError, match="it diverged"):
        judge(random_model(spread=math.inf), [Sheet.of(question(), tokenizer)])


def test_questions_are_answered_alike_alone_and_beside_others(engine):
    n = 2 * SIDE_BY_SIDE + 3
    posed = [
        question("ab" * (1 + i % 3) + "cdefgh"[i % 6], f" {i}.", (f" {i + 90}.", " y.", f" {-i} ."))
        for i in range(n)
    ]
    sheets = [Sheet.of(each, engine.tokenizer) for each in posed]

    together = judge(engine.model, sheets)

    assert together == [judge(engine.model, [sheet])[0] for sheet in sheets]
    assert len({verdict.preferred for verdict in together}) > 1


class Pairs:
    """Bytes, but for one token that spells the end of a prompt and the start of an answer."""

    bos_id = 1

    def encode(self, text):
        return [ord(c) for c in text.replace("b ", "\u0100")]


def test_a_token_that_reaches_across_belongs_to_the_answer():
    sheet = Sheet.of(question("ab", " x"), Pairs())

    assert sheet.prefix == [1, ord("a")]
    assert sheet.answers[0] == [0x100, ord("x")]


def test_room_is_for_the_longest_answer(tokenizer):
    sheet = Sheet.of(question("ab", " x.", (" y.", " much longer.", " 0.")), tokenizer)

    assert sheet.n_tokens == 1 + len("ab ") + len("much longer.")


def test_empty_prompt_leaves_the_beginning_of_the_document(engine):
    sheet = Sheet([1], [[70], [71], [72]])
    nats_BA, _ = read_answers(engine.model, [sheet])

    expected = -engine.score([1, 71]).logprobs_T[0]
    assert nats_BA[0, 1].item() == pytest.approx(expected, abs=1e-5)


def test_shared_beginnings_are_counted():
    assert count_shared([[1, 2, 3], [1, 2, 4], [1, 2]]) == 2
    assert count_shared([[1], [2]]) == 0
    assert count_shared([[1, 2], [1, 2]]) == 2


def test_nothing_is_asked_of_no_model(engine):
    assert judge(engine.model, []) == []
    assert torch.is_grad_enabled()
