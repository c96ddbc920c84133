"""TorchNetwork: the cache changes nothing but rounding, and neighbours and the past nothing."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.errors import InputError, IntegrityError
from alm.infer import torch_network
from alm.infer.torch_network import CHUNK, TorchNetwork

SEQ_LEN = 3 * CHUNK
few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def ids():
    return torch.randint(
        6, 262, (SEQ_LEN + 4,), generator=torch.Generator().manual_seed(1)
    ).tolist()


@pytest.fixture
def network(make_model):
    return TorchNetwork(make_model(), "cpu", SEQ_LEN)


@torch.no_grad()
def score_without_cache(model, ids):
    return model.logits(model(torch.tensor([ids])).hidden_BTD[0])


@given(
    seed=st.integers(0, 99),
    n_prompt=st.integers(1, SEQ_LEN - 12),
    n_new=st.integers(0, 12),
    n_rows=st.integers(1, 4),
)
@few
def test_scores_with_the_cache_are_those_without(make_model, ids, seed, n_prompt, n_new, n_rows):
    """Of prompts of any length, several at a time; and the same token is the likeliest."""
    model = make_model(seed)
    network = TorchNetwork(model, "cpu", SEQ_LEN)
    rows = [ids[i : i + n_prompt + n_new] for i in range(n_rows)]
    decoders = [network.new_decoder() for _ in rows]

    found = [[d.prefill(row[:n_prompt])] for d, row in zip(decoders, rows, strict=True)]
    for at in range(n_prompt, n_prompt + n_new):
        tokens = [row[at] for row in rows]
        for each, logits_V in zip(found, network.step(decoders, tokens), strict=True):
            each.append(logits_V)

    for each, row in zip(found, rows, strict=True):
        whole_TV = score_without_cache(model, row)[n_prompt - 1 :]
        cached_TV = torch.stack(each)
        assert (cached_TV - whole_TV).abs().max() <= 1e-4
        top_two = whole_TV.topk(2).values
        clear = top_two[:, 0] - top_two[:, 1] > 1e-3
        assert torch.equal(cached_TV.argmax(-1)[clear], whole_TV.argmax(-1)[clear])


@pytest.mark.parametrize("cut", [CHUNK, 2 * CHUNK])
def test_prompt_cut_at_a_chunk_gives_the_same_bits(network, ids, cut):
    at_once = network.new_decoder()
    in_two = network.new_decoder()
    in_two.prefill(ids[:cut])

    assert torch.equal(at_once.prefill(ids[:300]), in_two.prefill(ids[cut:300]))
    assert torch.equal(at_once.step(9), in_two.step(9))


def test_truncated_decoder_is_as_good_as_new(network, ids):
    used, new = network.new_decoder(), network.new_decoder()
    used.prefill(ids[:SEQ_LEN])

    used.truncate(0)

    assert torch.equal(used.prefill(ids[50:90]), new.prefill(ids[50:90]))


def test_step_gives_each_decoder_the_bits_that_it_has_alone(network, ids):
    beside = [network.new_decoder() for _ in range(3)]
    for i, decoder in enumerate(beside):
        decoder.prefill(ids[: 5 + 7 * i])
    alone = network.new_decoder()
    alone.prefill(ids[:12])

    assert torch.equal(network.step(beside, [7, 8, 9])[1], alone.step(8))


def test_too_many_tokens_are_refused_before_any_is_read(network, ids):
    decoder = network.new_decoder()

    with pytest.raises(InputError, match=f"at most {SEQ_LEN} tokens"):
        decoder.prefill(ids[: SEQ_LEN + 1])

    assert decoder.length == 0


def test_prediction_comes_in_pieces_that_make_up_the_sequence(network, ids):
    (pieces,) = (list(each) for each in network.predict([ids[:300]]))

    assert [len(piece) for piece in pieces] == [128, 128, 44]
    torch.testing.assert_close(
        torch.cat(pieces), score_without_cache(network.model, ids[:300]), rtol=0, atol=1e-4
    )


def test_sequences_side_by_side_are_scored_as_alone_but_for_rounding(network, ids, monkeypatch):
    sequences = [ids[:9], ids[3:150], ids[7:8], ids[20:40], ids[1:90]]
    alone = [torch.cat(list(pieces)) for pieces in network.predict(sequences)]
    monkeypatch.setattr(torch_network, "SIDE_BY_SIDE", {"cpu": 3})

    beside = [torch.cat(list(pieces)) for pieces in network.predict(sequences)]

    assert list(map(len, beside)) == list(map(len, sequences))
    for one, other in zip(alone, beside, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_scores_are_the_callers_own(network, ids):
    decoder = network.new_decoder()

    decoder.prefill(ids[:5]).add_(1)  # an inference tensor would not have it


def test_a_model_that_diverged_is_named_as_such(network, ids):
    with torch.no_grad():
        network.model.norm.weight.fill_(float("nan"))

    with pytest.raises(IntegrityError, match="found NaN or infinity: it diverged"):
        network.new_decoder().prefill(ids[:5])
    with pytest.raises(IntegrityError, match="found NaN or infinity: it diverged"):
        list(next(network.predict([ids[:5]])))


def test_a_decoder_knows_its_memory(network):
    decoder = network.new_decoder()

    buffers = (decoder._cache._keys_LBGTH, decoder._cache._values_LBGTH)
    assert decoder.n_bytes == sum(buffer.nbytes for buffer in buffers)
