"""Engine: where a completion ends, what it shows, and that the cache changes nothing."""

import pytest
import torch

from alm.errors import InputError, IntegrityError
from alm.infer import Engine, uniform
from alm.infer.sampler import draw
from alm.model import KVCache

HELLO = [ord(c) + 6 for c in "hello"]
BOS, EOS, END = 1, 2, 5


@pytest.fixture
def make_engine(tokenizer):
    def make(model, seq_len=64):
        return Engine(model, tokenizer, "cpu", seq_len)

    return make


def complete(engine, config, **changes):
    return engine.stream("a", config, seed=None, **changes).complete()


@pytest.mark.parametrize("end", [EOS, BOS], ids=["EOS", "BOS"])
def test_a_border_of_documents_ends_the_text_and_is_no_part_of_it(
    make_engine, make_script, make_config, end
):
    said = complete(make_engine(make_script([*HELLO, end, *HELLO])), make_config())

    assert (said.text, said.ids, said.finish_reason) == ("hello", tuple(HELLO), "stop")


def test_the_limit_on_new_tokens_ends_the_text(make_engine, make_script, make_config):
    said = complete(make_engine(make_script(HELLO)), make_config(max_new_tokens=3))

    assert (said.text, len(said.ids), said.finish_reason) == ("hel", 3, "length")


def test_a_full_context_ends_the_text_and_says_so(make_engine, make_script, make_config):
    said = complete(make_engine(make_script(HELLO), seq_len=5), make_config())

    assert (said.text, said.finish_reason) == ("hel", "context")  # BOS, a, h, e, l


def test_a_stop_string_across_tokens_ends_the_text(make_engine, make_script, make_config):
    said = complete(make_engine(make_script([*HELLO, *HELLO])), make_config(), stop=["loh"])

    assert (said.text, said.finish_reason) == ("hel", "stop")
    assert said.ids == (*HELLO, HELLO[0])


def test_a_stop_string_in_the_prompt_is_none(make_engine, make_script, make_config):
    said = complete(make_engine(make_script([*HELLO, EOS])), make_config(), stop=["ah"])

    assert said.text == "hello"


def test_control_symbols_are_counted_but_not_shown(make_engine, make_script, make_config):
    said = complete(make_engine(make_script([HELLO[0], END, HELLO[1], EOS])), make_config())

    assert (said.text, said.ids) == ("he", (HELLO[0], END, HELLO[1]))


def test_pieces_come_while_tokens_are_computed(make_engine, make_script, make_config):
    model = make_script([*HELLO, EOS])
    pieces = iter(make_engine(model).stream("a", make_config(), seed=None))

    assert next(pieces) == "h"
    assert len(model.reads) == 2  # the prompt, and "h" itself
    assert "".join(pieces) == "ello"


def test_a_character_of_three_tokens_comes_in_one_piece(make_engine, make_script, make_config):
    script = [byte + 6 for byte in "\u20ac".encode()]
    generation = make_engine(make_script([*script, EOS])).stream("a", make_config(), seed=None)

    assert list(generation) == ["\u20ac"]


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


def test_scores_with_the_cache_are_those_without(make_model, make_engine):
    model = make_model()
    engine = make_engine(model)
    ids = [BOS, *torch.randint(6, 262, (40,), generator=torch.Generator().manual_seed(1)).tolist()]
    cache = KVCache(model.config, 1, 64, torch.float32, torch.device("cpu"))

    cached = [engine.score_next(ids[:9], cache)]
    cached += [engine.score_next([token], cache) for token in ids[9:]]

    with torch.no_grad():
        whole_TV = model.logits(model(torch.tensor([ids])).hidden_BTD[0])
    torch.testing.assert_close(torch.stack(cached), whole_TV[8:], rtol=0, atol=1e-4)


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


def test_each_token_is_drawn_by_the_chance_of_its_place(make_model, make_engine, make_config):
    model = make_model()
    with torch.no_grad():
        model.norm.weight.zero_()  # every token is as likely as every other

    said = make_engine(model).stream("a", make_config(), seed=9, sequence=4).complete()

    flat_V = torch.zeros(262)
    assert said.ids == tuple(draw(flat_V, uniform(9, 4, 2 + i)) for i in range(12))


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
