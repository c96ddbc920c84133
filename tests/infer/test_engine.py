"""Engine: prompts in, completions out, and what is refused."""

import pytest
import torch

from alm.errors import InputError, IntegrityError
from alm.infer import Engine, Request

HELLO = [ord(c) + 6 for c in "hello"]
BOS, EOS = 1, 2


@pytest.fixture
def make_engine(tokenizer):
    def make(model, seq_len=64):
        return Engine(model, tokenizer, "cpu", seq_len)

    return make


def complete(engine, config, **changes):
    return engine.stream("a", config, seed=None, **changes).complete()


def test_a_prompt_starts_like_a_document(make_engine, make_script, make_config):
    model = make_script([EOS])

    complete(make_engine(model), make_config())

    assert model.reads == [[BOS, ord("a") + 6]]


def test_an_empty_prompt_is_a_document_from_its_start(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, EOS], n_prompt=1))

    assert engine.stream("", make_config(), seed=None).complete().text == "hello"


def test_a_prompt_that_leaves_no_room_is_refused_with_the_numbers(
    make_engine, make_script, make_config
):
    engine = make_engine(make_script([EOS], n_prompt=7), seq_len=8)

    engine.stream("abcdef", make_config(), seed=None)
    with pytest.raises(InputError, match="at most 6 tokens for a context of 8, found 7; shorten"):
        engine.stream("abcdefg", make_config(), seed=None)


def test_another_vocabulary_is_refused(make_model, tokenizer):
    with pytest.raises(IntegrityError, match="with 270 pieces, found one with 262"):
        Engine(make_model(n_vocab=270), tokenizer, "cpu", 64)


def test_a_model_that_diverged_is_named_as_such(make_engine, make_model, make_config):
    model = make_model()
    with torch.no_grad():
        model.norm.weight.fill_(float("nan"))

    with pytest.raises(IntegrityError, match="found NaN or infinity: it diverged"):
        complete(make_engine(model), make_config())


def test_greedy_tokens_are_those_without_a_cache(make_model, make_engine, make_config):
    compared = 0
    for seed in range(6):
        model = make_model(seed)
        said = complete(make_engine(model), make_config(max_new_tokens=24))
        ids = [BOS, ord("a") + 6]
        for token in said.ids:
            with torch.no_grad():
                logits_V = model.logits(model(torch.tensor([ids])).hidden_BTD[0, -1])
            top = logits_V.topk(2)
            if top.values[0] - top.values[1] > 1e-3:
                assert token == top.indices[0]
                compared += 1
            ids.append(token)
    assert compared > 100


def test_several_completions_are_those_of_their_own_sequences(make_model, make_engine, make_config):
    engine, config = make_engine(make_model()), make_config(temperature=2.0)

    together = engine.generate("a", config, seed=3, n=4)

    alone = [engine.stream("a", config, seed=3, sequence=i).complete() for i in range(4)]
    assert together == alone
    assert len({said.ids for said in together}) == 4


def test_a_longer_limit_goes_on_where_a_shorter_one_ended(make_model, make_engine, make_config):
    engine = make_engine(make_model())

    short = engine.stream("a", make_config(max_new_tokens=5), seed=3).complete()
    long = engine.stream("a", make_config(max_new_tokens=9), seed=3).complete()

    assert long.ids[:5] == short.ids


def test_another_seed_says_something_else(make_model, make_engine, make_config):
    engine = make_engine(make_model())

    said = {engine.stream("a", make_config(), seed).complete().ids for seed in range(5)}

    assert len(said) == 5


def test_text_is_the_tokens_decoded(make_model, make_engine, make_config, tokenizer):
    engine = make_engine(make_model())

    for seed in range(5):
        said = engine.stream("a", make_config(temperature=3.0), seed).complete()
        assert said.text == tokenizer.decode(said.ids)


def test_requests_are_answered_in_their_order(make_model, make_engine, make_config):
    engine, config = make_engine(make_model()), make_config()
    requests = [Request(prompt=p, config=config, seed=1, sequence=i) for i, p in enumerate("abc")]

    said = engine.complete(requests, n_slots=2)

    assert said == [engine.start(request).complete() for request in requests]


def test_a_prompt_that_does_not_fit_is_refused_before_any_is_read(
    make_engine, make_script, make_config
):
    model = make_script([EOS])
    requests = [Request(prompt=p, config=make_config(), seed=1) for p in ("a", "a" * 99)]

    with pytest.raises(InputError, match="at most 62 tokens"):
        make_engine(model).stream_all(requests)

    assert model.reads == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop_ids": [262]}, "expected tokens below 262, found 262"),
        ({"logit_bias": {-1: 2.0}}, "expected tokens below 262, found -1"),
        ({"n_top": 263}, "expected n_top of 0 to 262, found 263"),
        ({"logit_bias": {7: float("nan")}}, "numbers below infinity, found nan"),
        ({"logit_bias": {7: float("inf")}}, "numbers below infinity, found inf"),
        ({"seed": -1}, "expected a seed from 0 to .*found -1"),
    ],
)
def test_a_request_for_what_does_not_exist_is_refused(
    make_engine, make_model, make_config, options, message
):
    with pytest.raises(InputError, match=message):
        make_engine(make_model()).stream("a", make_config(), **({"seed": None} | options))


def test_without_a_slot_nothing_can_be_continued(make_engine, make_model):
    with pytest.raises(ValueError, match="expected at least one slot, found 0"):
        make_engine(make_model()).stream_all([], n_slots=0)


def test_another_network_computes_what_it_is_given_for(make_engine, make_model, tokenizer):
    model, other = make_model(0), make_engine(make_model(1))

    engine = Engine(model, tokenizer, "cpu", 64, network=other.network)

    assert engine.score([BOS, 7]).total == other.score([BOS, 7]).total
