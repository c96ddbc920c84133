"""Generation: which tokens are chosen, where a text ends, and when its pieces come."""

import math

import pytest
import torch

from alm.infer import Engine, uniform
from alm.infer.sampler import draw

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
    assert len(model.reads) == 1  # the prompt; "h" itself waits until somebody asks
    assert "".join(pieces) == "ello"


def test_a_character_of_three_tokens_comes_in_one_piece(make_engine, make_script, make_config):
    script = [byte + 6 for byte in "\u20ac".encode()]
    generation = make_engine(make_script([*script, EOS])).stream("a", make_config(), seed=None)

    assert list(generation) == ["\u20ac"]


def test_each_token_is_drawn_by_the_chance_of_its_place(make_model, make_engine, make_config):
    model = make_model()
    with torch.no_grad():
        model.norm.weight.zero_()  # every token is as likely as every other

    said = make_engine(model).stream("a", make_config(), seed=9, sequence=4).complete()

    flat_V = torch.zeros(262)
    assert said.ids == tuple(draw(flat_V, uniform(9, 4, 2 + i)) for i in range(12))


def test_a_stop_token_ends_the_text_and_is_no_part_of_it(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, END, *HELLO]))

    said = complete(engine, make_config(), stop_ids=[END], n_top=0)

    assert (said.text, said.ids, said.finish_reason) == ("hello", tuple(HELLO), "stop")
    assert [each.token for each in said.scores] == HELLO


def test_what_was_held_back_comes_at_the_end(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, EOS]))

    assert complete(engine, make_config(), stop=["loud"]).text == "hello"
    assert complete(engine, make_config(max_new_tokens=4), stop=["loud"]).text == "hell"


def test_a_forbidden_token_is_not_said(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, EOS]))
    bias = {HELLO[0]: -math.inf, ord("j") + 6: 20.0}

    assert complete(engine, make_config(max_new_tokens=1), logit_bias=bias).text == "j"


def test_presence_counts_what_was_said_and_not_the_prompt(make_engine, make_model, make_config):
    model = make_model()
    with torch.no_grad():
        model.norm.weight.zero_()  # every score is 0, and the lowest id is chosen

    said = complete(make_engine(model), make_config(presence_penalty=-1.0, max_new_tokens=3))

    assert said.ids == (0, 0, 0)


def test_scores_are_only_given_where_they_are_asked_for(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, EOS]))

    assert complete(engine, make_config()).scores == ()
    assert complete(engine, make_config(), n_top=0).scores[0].top == ()


def test_a_decoder_is_released_once_at_the_end(make_engine, make_script, make_config):
    engine = make_engine(make_script([*HELLO, EOS]))
    released = []
    engine.prefixes.keep = released.append

    generation = engine.stream("a", make_config(), seed=None)
    next(iter(generation))
    assert released == []
    generation.complete()
    generation.complete()

    assert released == [generation.draft]
