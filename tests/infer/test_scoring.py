"""Scores: the log-probability of each token, against torch's and against generation's."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from alm.errors import InputError
from alm.infer import Engine
from alm.infer.scoring import score_tokens

BOS = 1
rows = st.lists(
    st.lists(st.integers(-20, 20).map(lambda i: i / 4), min_size=5, max_size=5),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def engine(make_model, tokenizer):
    return Engine(make_model(), tokenizer, "cpu", 300)


def log_softmax(logits):
    total = math.log(math.fsum(math.exp(x - max(logits)) for x in logits)) + max(logits)
    return [x - total for x in logits]


@given(rows, st.lists(st.integers(0, 4), min_size=4, max_size=4), st.integers(0, 5))
def test_scores_are_the_log_softmax(logits, tokens, n_top):
    tokens = tokens[: len(logits)]

    scores = score_tokens(torch.tensor(logits), tokens, n_top)

    for i, (row, token) in enumerate(zip(logits, tokens, strict=True)):
        expected = log_softmax(row)
        order = sorted(range(5), key=lambda j, row=row: (-row[j], j))
        assert scores.logprobs_T[i] == pytest.approx(expected[token])
        assert scores.greedy_T[i] == (order[0] == token)
        assert scores.top_ids_TK[i].tolist() == order[:n_top]
        assert scores.top_logprobs_TK[i] == pytest.approx([expected[j] for j in order[:n_top]])


def test_each_token_is_scored_given_those_before_it(engine):
    ids = [BOS, *torch.randint(6, 262, (260,)).tolist()]

    scores = engine.score(ids)

    with torch.no_grad():
        logits_TV = engine.model.logits(engine.model(torch.tensor([ids])).hidden_BTD[0])
    nll_T = F.cross_entropy(logits_TV[:-1].double(), torch.tensor(ids[1:]), reduction="none")
    assert scores.logprobs_T == pytest.approx(-nll_T.numpy(), abs=1e-4)
    assert scores.total == pytest.approx(-nll_T.sum().item(), abs=1e-2)
    assert scores.logprobs_T.dtype == np.float64


def test_many_sequences_have_the_scores_that_each_has_alone(engine):
    sequences = [[BOS, 70, 80], [9, 10], [BOS, *range(6, 200)]]

    together = list(engine.score_all(sequences, n_top=2))

    for ids, scores in zip(sequences, together, strict=True):
        for one, other in zip(scores, engine.score(ids, n_top=2), strict=True):
            assert np.array_equal(one, other)


def test_a_text_begins_a_document(engine):
    scores = engine.score_text("hi", n_top=1)

    expected = engine.score([BOS, ord("h") + 6, ord("i") + 6], n_top=1)
    assert [each.token for each in scores] == [ord("h") + 6, ord("i") + 6]
    assert [each.logprob for each in scores] == expected.logprobs_T.tolist()
    assert scores[1].top == (
        (expected.top_ids_TK[1, 0].item(), expected.top_logprobs_TK[1, 0].item()),
    )


def test_what_is_said_is_scored_as_it_is_afterwards(engine, make_config):
    """Before penalties and limits, whatever they are."""
    config = make_config(top_k=3, presence_penalty=1.0, temperature=0.7)

    said = engine.stream("the", config, seed=3, n_top=2).complete()

    prompt = [BOS, *engine.tokenizer.encode("the")]
    afterwards = engine.score([*prompt, *said.ids], n_top=2).of([*prompt[1:], *said.ids])
    assert len(said.scores) == len(said.ids) == 12
    for now, later in zip(said.scores, afterwards[len(prompt) - 1 :], strict=True):
        assert now.token == later.token
        assert now.logprob == pytest.approx(later.logprob, abs=1e-4)
        assert [token for token, _ in now.top] == [token for token, _ in later.top]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([BOS], "expected 2 to 301 tokens to score, for a context of 300, found 1; cut"),
        ([BOS] * 302, "found 302"),
        ([BOS, 262], "expected tokens below 262, found 262; encode"),
        ([BOS, -1], "found -1"),
    ],
)
def test_what_cannot_be_scored_is_refused(engine, ids, message):
    with pytest.raises(InputError, match=message):
        engine.score(ids)
    with pytest.raises(InputError, match=message):
        engine.score_all([[BOS, 7], ids])


def test_more_alternatives_than_tokens_are_refused(engine):
    with pytest.raises(InputError, match="expected n_top of 0 to 262, found 263"):
        engine.score([BOS, 7], n_top=263)


def test_the_last_token_of_a_full_context_is_still_predicted(engine):
    assert len(engine.score([BOS] * 301).logprobs_T) == 300
