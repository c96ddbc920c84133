"""NativeNetwork: an engine over the C program says the same alone, beside others, and again."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.infer import Engine, Request
from alm.infer.native import NativeDecoder
from alm.infer.native_network import NativeNetwork
from alm.quant import quantize_tensors

SEQ_LEN = 200


@pytest.fixture
def make_engine(library, make_model, tokenizer):
    model = make_model()
    tensors = {name: weights.numpy() for name, weights in model.state_dict().items()}
    program = NativeDecoder(
        library, model.config, tokenizer.vocab_size, quantize_tensors(tensors), SEQ_LEN, 1
    )

    def make():
        return Engine(None, tokenizer, "cpu", SEQ_LEN, network=NativeNetwork(program))

    return make


@pytest.fixture
def requests(make_config):
    prompts = ("once", "once upon", "", "once upon a time", "b", "once upon a time " * 9)
    config = make_config(temperature=2.0, top_p=0.9)
    return [
        Request(prompt=prompt, config=config, seed=5, sequence=i, n_top=1)
        for i, prompt in enumerate(prompts)
    ]


def test_what_is_said_is_the_same_alone_beside_others_and_again(make_engine, requests):
    busy = make_engine()

    together = busy.complete(requests)

    assert together == [make_engine().start(request).complete() for request in requests]
    assert together == busy.complete(requests)


def test_prompts_share_what_was_read_to_the_last_token(make_engine, make_config):
    engine = make_engine()
    said = engine.stream("once upon", make_config(max_new_tokens=3), None).complete()
    program, read = engine.network.program, []
    prefill = program.prefill
    engine.network.program.prefill = lambda ids, cache: read.append(ids) or prefill(ids, cache)

    engine.prefixes.read([1, *engine.tokenizer.encode("once upon"), *said.ids, 7])

    assert [list(ids) for ids in read] == [[said.ids[-1], 7]]  # the last was said, and not yet read


@given(
    n_prompt=st.integers(1, SEQ_LEN - 12),
    n_new=st.integers(0, 12),
    n_rows=st.integers(1, 5),
    cut=st.integers(0, SEQ_LEN),
)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_scores_with_a_cache_are_the_bits_of_those_without(
    make_engine, n_prompt, n_new, n_rows, cut
):
    """Of prompts of any length, several at a time, read in one call or two."""
    network = make_engine().network
    rows = [[6 + (7 * i + r) % 250 for i in range(n_prompt + n_new)] for r in range(n_rows)]
    decoders = [network.new_decoder() for _ in rows]

    for decoder, row in zip(decoders, rows, strict=True):
        if 0 < cut < n_prompt:
            decoder.prefill(row[:cut])
        decoder.prefill(row[decoder.length : n_prompt])
    found = [
        network.step(decoders, [row[at] for row in rows])
        for at in range(n_prompt, n_prompt + n_new)
    ]

    whole = [torch.cat(list(pieces)) for pieces in network.predict(rows)]
    for i, logits_BV in enumerate(found):
        for row, logits_V in zip(whole, logits_BV, strict=True):
            assert torch.equal(logits_V, row[n_prompt + i])


def test_scores_of_pieces_are_those_of_the_whole(make_engine):
    engine = make_engine()
    ids = [6 + i % 250 for i in range(SEQ_LEN)]

    pieces = list(next(engine.network.predict([ids])))

    decoder = engine.network.new_decoder()
    assert [len(piece) for piece in pieces] == [128, 72]
    assert torch.equal(pieces[0][0], decoder.step(ids[0]))
    assert torch.equal(pieces[1][-1], decoder.prefill(ids[1:]))


def test_a_decoder_knows_its_memory(make_engine):
    decoder = make_engine().network.new_decoder()

    held = decoder.cache._keys.nbytes + decoder.cache._values_LGPH.nbytes
    assert decoder.n_bytes <= held <= 2 * decoder.n_bytes
