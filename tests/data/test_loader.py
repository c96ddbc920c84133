"""Loader: what the data section says, from the shards to the batches of a step."""

import numpy as np
import pytest

from alm.config import DataConfig
from alm.data import Loader, PackedDocument, TokenStream
from alm.errors import ConfigError

A, B = np.arange(4, 204), np.arange(204, 404)  # tokens of source a, and of source b


@pytest.fixture
def stream(write_packed):
    cuts = (30, 61, 130, 137, 170)
    documents = [
        PackedDocument(tokens, source, len(tokens))
        for parts in zip(np.split(A, cuts), np.split(B, cuts), strict=True)
        for source, tokens in enumerate(parts)
    ]
    return TokenStream(write_packed(documents, 100), "train")


def load(stream, batch_size=4, steps=50, seed=7, **changes):
    base = {"seq_len": 8, "rows": "stream", "mixture": {}, "curriculum": (), "document_mask": False}
    config = DataConfig(**{**base, **changes})
    return Loader(stream, config, batch_size=batch_size, steps=steps, seed=seed)


def source_of(tokens):
    return np.where(tokens == 0, -1, tokens >= B[0])


def test_an_epoch_of_the_stream_has_every_target_once(stream):
    loader = load(stream, batch_size=7, steps=7)

    tokens = np.concatenate([loader.batch(step).tokens_BT for step in range(7)])

    whole = stream.read(0, stream.n_tokens)
    assert loader.facts() == {"rows": 49, "epochs": 1.0, "fill_rate": 1.0}
    assert sorted(tokens[:, 1:].flatten().tolist()) == sorted(whole[1:393].tolist())


def test_best_fit_rows_are_padded_and_say_how_much(stream):
    loader = load(stream, rows="best_fit", batch_size=1, steps=100)
    n_rows = loader.facts()["rows"]

    drawn = [loader.batch(step) for step in range(n_rows)]

    tokens = np.concatenate([batch.tokens_BT for batch in drawn])
    assert loader.facts()["fill_rate"] == (tokens != 0).mean() < 1
    assert sum(batch.n_targets for batch in drawn) == 400 - 12
    assert loader.facts()["epochs"] == 100 / n_rows


@pytest.mark.parametrize("rows", ["stream", "best_fit"])
def test_rows_of_a_mixture_are_of_one_source_and_in_its_shares(stream, rows):
    loader = load(stream, rows=rows, mixture={"b": 0.75, "a": 0.25}, steps=100)

    batches = [loader.batch(step) for step in range(100)]

    sources = source_of(np.concatenate([batch.tokens_BT for batch in batches]))
    assert all(set(row) - {-1} == {row[0]} for row in sources.tolist())
    assert sources[:, 0].mean() == 0.75
    assert (sources[:4, 0].sum(), sources[:40, 0].sum()) == (3, 30)
    facts = loader.facts()["sources"]
    assert list(facts) == ["a", "b"]
    assert (facts["a"]["share"], facts["b"]["share"]) == (0.25, 0.75)
    assert facts["b"]["epochs"] == 300 / facts["b"]["rows"]


def test_the_fill_rate_of_a_mixture_is_that_of_what_is_drawn(write_packed):
    whole = [PackedDocument(np.full(9, 5), 0, 1)] * 4
    halves = [PackedDocument(np.full(5, 6), 1, 1)] * 4  # no two fit into nine places
    stream = TokenStream(write_packed(whole + halves), "train")

    facts = load(stream, rows="best_fit", mixture={"a": 0.75, "b": 0.25}).facts()

    assert facts["sources"]["b"]["fill_rate"] == 5 / 9
    assert facts["fill_rate"] == pytest.approx(0.75 + 0.25 * 5 / 9)


def test_the_order_of_names_in_the_section_changes_nothing(stream):
    one = load(stream, mixture={"b": 0.75, "a": 0.25})
    two = load(stream, mixture={"a": 0.25, "b": 0.75})

    assert one.batch(3).tokens_BT.tolist() == two.batch(3).tokens_BT.tolist()


def test_a_source_may_be_left_out(stream):
    loader = load(stream, mixture={"b": 1.0})

    assert loader.facts()["rows"] == 24
    assert (source_of(loader.batch(0).tokens_BT) == 1).all()


@pytest.mark.parametrize("rows", ["stream", "best_fit"])
def test_a_curriculum_cuts_the_rows_and_keeps_the_targets(stream, rows):
    phases = ({"until": 0.1, "seq_len": 8}, {"until": 0.2, "seq_len": 16})
    plain = load(stream, rows=rows, seq_len=32)
    cut = load(stream, rows=rows, seq_len=32, curriculum=phases)

    for step, seq_len in [(0, 8), (4, 8), (5, 16), (9, 16), (10, 32)]:
        whole, short = plain.batch(step), cut.batch(step)
        assert (len(short), short.seq_len) == (4 * 32 // seq_len, seq_len)
        assert short.loss_mask_BT.flatten().tolist() == whole.loss_mask_BT.flatten().tolist()
        assert np.array_equal(short.tokens_BT[:, 1:].flatten(), whole.tokens_BT[:, 1:].flatten())


def test_seeds_give_different_orders_and_the_same_seed_the_same(stream):
    one, two, other = load(stream), load(stream), load(stream, seed=8)

    assert one.batch(2).tokens_BT.tolist() == two.batch(2).tokens_BT.tolist()
    assert one.batch(2).tokens_BT.tolist() != other.batch(2).tokens_BT.tolist()


def test_unknown_source_lists_the_known_ones(stream):
    with pytest.raises(ConfigError, match=r"data\.mixture: no source 'c' in .*; choose from: a, b"):
        load(stream, mixture={"a": 0.5, "c": 0.5})


@pytest.mark.parametrize("rows", ["stream", "best_fit"])
def test_a_source_without_a_row_is_named(write_packed, rows):
    stream = TokenStream(write_packed([PackedDocument(np.arange(40), 0, 1)]), "train")

    with pytest.raises(
        ConfigError, match="source 'b' of the train split in .*packed (holds|has no)"
    ):
        load(stream, rows=rows, mixture={"a": 0.5, "b": 0.5})
