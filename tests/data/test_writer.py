"""ShardWriter and write_split: whole documents, checked tokens, and files that are whole."""

import hashlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.data import PackedDocument, ShardReader, ShardWriter, write_split
from alm.errors import ShardError


def lengths_of(root, names):
    return [np.diff(ShardReader(root / name).documents().start).tolist() for name in names]


def test_a_shard_takes_documents_until_it_is_full(tmp_path, vocabulary, make_documents):
    documents = make_documents(np.arange(40) % 9, 4, 6, 1, 15, 10, 4)

    names = write_split(tmp_path, "val", iter(documents), vocabulary, shard_tokens=10)

    assert names == [f"val-{i:05d}.alm" for i in range(4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert lengths_of(tmp_path, names) == [[4, 6], [1, 15], [10], [4]]


def test_shards_know_their_place_and_the_last_one_that_it_is(tmp_path, vocabulary, make_documents):
    documents = make_documents(np.arange(12), 4, 4, 4)

    names = write_split(tmp_path, "train", iter(documents), vocabulary, shard_tokens=4)

    headers = [ShardReader(tmp_path / name).header for name in names]
    assert [(h.shard_index, bool(h.is_last)) for h in headers] == [(0, 0), (1, 0), (2, 1)]


def test_no_document_is_no_shard(tmp_path, vocabulary):
    assert write_split(tmp_path, "val", iter([]), vocabulary, 10) == []
    assert not sorted(tmp_path.iterdir())


def test_header_says_what_was_written(write_shard, make_documents, vocabulary):
    tokens = np.arange(90_000) % 500

    header = ShardReader(write_shard(make_documents(tokens, 50_000, 39_999, 1))).header

    assert (header.n_tokens, header.n_docs, header.n_text_bytes) == (90_000, 3, 270_000)
    assert header.tokens_sha256 == hashlib.sha256(tokens.astype("<u4").tobytes()).hexdigest()
    assert header.tokenizer_sha256 == vocabulary.sha256
    assert (header.vocab_size, header.bos_id, header.eos_id) == (500, 1, 2)


def test_bytes_depend_on_the_documents_alone(write_shard, make_documents):
    tokens = np.arange(90_000) % 500
    a = write_shard(make_documents(tokens, 40_000, 50_000), "a.alm")
    b = write_shard(make_documents(tokens.astype(np.uint16), 40_000, 50_000), "b.alm")

    assert a.read_bytes() == b.read_bytes()


def test_shards_without_a_loss_mask_have_the_bytes_that_they_always_had(
    write_shard, make_documents
):
    """Golden: a corpus that was packed before there were masks is the same file today."""
    path = write_shard(make_documents(np.arange(90_000) % 500, 50_000, 40_000))

    assert hashlib.sha256(path.read_bytes()).hexdigest() == (
        "c38335516eab40b8df25b26233781d687675bebe9325df0b475fed3a4cbf5929"
    )


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([None, 2, 3, 7])), min_size=1, max_size=12
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_loss_masks_come_back_and_documents_without_one_count(write_shard, documents):
    packed, expected = [], []
    for length, step in documents:
        mask = None if step is None else np.arange(length) % step == 0
        packed.append(PackedDocument(np.zeros(length, int), 0, 1, mask))
        expected += [True] * length if mask is None else mask.tolist()

    shard = ShardReader(write_shard(packed))

    assert shard.read_loss_mask(0, shard.n_tokens).tolist() == expected
    assert shard.header.has_loss_mask == any(step for _, step in documents)


@pytest.mark.parametrize("mask", [[1, 0], [True], [[True, False]]], ids=str)
def test_masks_that_are_none_are_refused(tmp_path, vocabulary, mask):
    with (tmp_path / "x.alm").open("wb") as file:
        writer = ShardWriter(file, vocabulary, 0)

        with pytest.raises(ShardError, match="a loss mask of 2 truth values, found .* document 0"):
            writer.add(PackedDocument(np.array([1, 2]), 0, 1, np.array(mask)))

        assert writer.n_tokens == 0


@pytest.mark.parametrize(
    "tokens",
    [[500], [-1], [1, 2**32 + 1], [1.0], [True], [], [[1, 2]], ["1"]],
    ids=["too large", "negative", "wraps", "floats", "truths", "none", "two rows", "text"],
)
def test_tokens_that_are_none_are_refused(tmp_path, vocabulary, tokens):
    with (tmp_path / "x.alm").open("wb") as file:
        writer = ShardWriter(file, vocabulary, 0)

        with pytest.raises(ShardError, match="expected .* in document 0 of shard 0"):
            writer.add(PackedDocument(np.array(tokens), 0, 1))

        assert writer.n_tokens == 0


def test_largest_token_is_kept(write_shard, vocabulary):
    path = write_shard([PackedDocument(np.array([499]), 0, 1)])

    assert ShardReader(path).read(0, 1).tolist() == [499]


def test_a_failure_leaves_no_shard_behind(tmp_path, vocabulary, make_documents):
    def failing():
        yield from make_documents(np.arange(8), 4, 4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_split(tmp_path, "train", failing(), vocabulary, 4)

    assert [p.name for p in sorted(tmp_path.glob("*.alm"))] == ["train-00000.alm"]
    with pytest.raises(ShardError):
        ShardReader(tmp_path / "train-00001.alm.part")
