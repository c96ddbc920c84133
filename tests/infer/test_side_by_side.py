"""Side by side: what is said does not depend on who else is continued, nor on what was before."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.infer import Engine, Request

SEQ_LEN = 400
BEGINNINGS = ("", "once upon a time there was a cat. " * 5, "def read(path):\n    return 1\n" * 9)


def few(n):
    return settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture(scope="module")
def texts():
    """A prompt may begin as others do, for less or more than is read at once."""
    return st.builds(str.__add__, st.sampled_from(BEGINNINGS), st.text("ab ", max_size=20))


@pytest.fixture
def make_request(make_config):
    def make(prompt, seed, sequence, max_new_tokens, temperature):
        config = make_config(max_new_tokens=max_new_tokens, temperature=temperature, top_p=0.9)
        return Request(prompt=prompt, config=config, seed=seed, sequence=sequence, n_top=1)

    return make


def compare(make_model, tokenizer, make_request, texts, data):
    model = make_model(data.draw(st.integers(0, 9)))
    numbers = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 8))
    each = st.builds(
        lambda text, chance, temperature: make_request(text, *chance, temperature),
        texts,
        numbers,
        st.sampled_from([0.5, 1.0, 3.0]),
    )
    requests = data.draw(st.lists(each, min_size=1, max_size=6))
    n_slots = data.draw(st.integers(1, 4))

    busy = Engine(model, tokenizer, "cpu", SEQ_LEN)
    together = [*busy.complete(requests, n_slots), *busy.complete(requests[::-1], n_slots)[::-1]]

    alone = [Engine(model, tokenizer, "cpu", SEQ_LEN).start(each).complete() for each in requests]
    assert together == alone * 2


@given(data=st.data())
@few(10)
def test_what_is_said_is_the_same_alone_and_beside_others(
    make_model, tokenizer, make_request, texts, data
):
    """Exactly, log-probabilities included, in an engine that has read much, and in a new one."""
    compare(make_model, tokenizer, make_request, texts, data)


@pytest.mark.nightly
@given(data=st.data())
@few(150)
def test_what_is_said_is_the_same_beside_many_others(
    make_model, tokenizer, make_request, texts, data
):
    compare(make_model, tokenizer, make_request, texts, data)


def test_a_slot_is_taken_again_as_soon_as_it_is_free(make_model, tokenizer, make_request):
    engine = Engine(make_model(), tokenizer, "cpu", SEQ_LEN)
    requests = [make_request("a", 1, i, n, 1.0) for i, n in enumerate((1, 6, 2, 2, 2))]

    ended = [i for i, each, _ in engine.stream_all(requests, 2) if each.finish_reason]

    assert ended == [0, 2, 3, 1, 4]


def test_pieces_come_in_turn_and_the_end_of_each_is_told(make_script, tokenizer, make_config):
    engine = Engine(make_script([72, 73, 2]), tokenizer, "cpu", 64)
    requests = [Request(prompt=p, config=make_config(), seed=None) for p in "ab"]

    events = [(i, piece, each.finish_reason) for i, each, piece in engine.stream_all(requests)]

    assert events == [
        (0, "B", None),
        (1, "B", None),
        (0, "C", None),
        (1, "C", None),
        (0, "", "stop"),
        (1, "", "stop"),
    ]


def test_nothing_is_asked_for_nobody(make_model, tokenizer):
    assert Engine(make_model(), tokenizer, "cpu", SEQ_LEN).complete([]) == []
