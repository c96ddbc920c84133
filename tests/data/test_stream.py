"""TokenStream: one stream whatever the cuts, and shards that belong to it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.data import TokenStream
from alm.errors import IntegrityError, ShardError
from alm.io import Manifest

LENGTHS = (5, 300, 2, 80, 1, 1, 111)
STREAM = np.arange(500) * 31 % 499


@pytest.fixture
def documents(make_documents):
    return make_documents(STREAM, *LENGTHS)


@pytest.mark.parametrize("shard_tokens", [1, 3, 100, 306, 400, 10**9])
def test_moving_a_cut_never_changes_what_is_read(write_packed, documents, shard_tokens):
    stream = TokenStream(write_packed(documents, shard_tokens), "train")

    index = stream.documents()

    assert stream.n_tokens == len(STREAM)
    assert np.diff(index.start).tolist() == list(LENGTHS)
    assert index.source.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert index.n_bytes.tolist() == [3 * n for n in LENGTHS]
    for start in range(0, 500, 7):
        for n in (0, 1, 9, 80, 500 - start):
            stop = min(start + n, 500)
            assert stream.read(start, stop).tolist() == STREAM[start:stop].tolist()


@given(a=st.integers(0, 500), b=st.integers(0, 500), shard_tokens=st.integers(1, 501))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_any_stretch_is_read_as_written(write_packed, documents, a, b, shard_tokens):
    start, stop = sorted((a, b))
    stream = TokenStream(write_packed(documents, shard_tokens), "train")

    tokens = stream.read(start, stop)

    assert tokens.dtype == np.uint32
    assert tokens.tolist() == STREAM[start:stop].tolist()


@pytest.mark.parametrize("shard_tokens", [1, 3, 100, 306, 10**9])
def test_the_loss_mask_is_one_stream_too(write_packed, documents, shard_tokens):
    counts = np.arange(500) % 3 == 0
    counts[:5] = counts[307:] = True  # only some documents, and so only some shards, have one
    documents[1] = replace(documents[1], loss_mask=counts[5:305])
    documents[2] = replace(documents[2], loss_mask=counts[305:307])

    stream = TokenStream(write_packed(documents, shard_tokens), "train")

    for start in range(0, 500, 13):
        for stop in (start, start + 1, min(start + 90, 500), 500):
            assert stream.read_loss_mask(start, stop).tolist() == counts[start:stop].tolist()


def test_stream_says_what_it_is_and_what_fills_a_row(write_packed, documents, vocabulary):
    stream = TokenStream(write_packed(documents), "train")

    assert stream.label == f"the train split in {stream.packed}"
    assert stream.pad_id == vocabulary.pad_id


def test_changing_what_was_read_leaves_the_stream_alone(write_packed, documents):
    stream = TokenStream(write_packed(documents), "train")

    stream.read(0, 5)[:] = 0

    assert stream.read(0, 5).tolist() == STREAM[:5].tolist()


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 2), (0, 501)])
@pytest.mark.parametrize("what", ["read", "read_loss_mask"])
def test_stretch_outside_the_stream_is_refused(write_packed, documents, what, start, stop):
    stream = TokenStream(write_packed(documents), "train")

    with pytest.raises(IndexError, match=f"tokens {start} to {stop} of 500 in train"):
        getattr(stream, what)(start, stop)


def test_stream_knows_its_vocabulary_and_sources(write_packed, documents, vocabulary):
    stream = TokenStream(write_packed(documents), "train")

    assert stream.vocab_size == vocabulary.vocab_size
    assert stream.tokenizer_sha256 == vocabulary.sha256
    assert stream.source_names == ["a", "b"]


def test_wrong_tokenizer_is_refused(write_packed, documents, vocabulary):
    stream = TokenStream(write_packed(documents), "train")

    stream.require_tokenizer(vocabulary.sha256)
    with pytest.raises(ShardError, match="expected tokens of the vocabulary cdcdcd.* abab"):
        stream.require_tokenizer("cd" * 32)


def test_unknown_split_lists_the_known_ones(write_packed, documents):
    with pytest.raises(ShardError, match="no split 'test'; choose from: train"):
        TokenStream(write_packed(documents), "test")


def test_missing_directory_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match=r"cannot read .*manifest\.json"):
        TokenStream(tmp_path / "packed", "train")


def test_missing_shard_is_refused(write_packed, documents):
    root = write_packed(documents, 100)
    (root / "train-00001.alm").unlink()

    with pytest.raises(ShardError, match=r"cannot open .*train-00001\.alm"):
        TokenStream(root, "train")


def test_shard_from_another_place_is_refused(write_packed, make_documents):
    root = write_packed(make_documents(STREAM, 250, 250), 250)
    shutil.copy(root / "train-00000.alm", root / "train-00001.alm")

    with pytest.raises(ShardError, match="expected shard_index 1, as in the manifest, found 0"):
        TokenStream(root, "train")


def test_last_shard_of_a_longer_stream_is_missed(write_packed, make_documents):
    """Neither a shard in the middle nor one at the end can go without anybody noticing."""
    root = write_packed(make_documents(STREAM[:400], 200, 200), 200)
    longer = write_packed(make_documents(STREAM, 200, 200, 100), 200, name="longer")
    shutil.copy(longer / "train-00001.alm", root / "train-00001.alm")

    with pytest.raises(ShardError, match="expected is_last True"):
        TokenStream(root, "train")


@pytest.mark.parametrize(
    ("change", "named"),
    [({"sha256": "cd" * 32}, "tokenizer_sha256"), ({"vocab_size": 512}, "vocab_size")],
    ids=["tokenizer", "size"],
)
def test_shard_of_another_vocabulary_is_refused(write_packed, documents, vocabulary, change, named):
    root = write_packed(documents)
    other = write_packed(documents, name="other", vocabulary=replace(vocabulary, **change))
    shutil.copy(other / "train-00000.alm", root / "train-00000.alm")

    with pytest.raises(ShardError, match=f"expected {named} .* belongs to another corpus"):
        TokenStream(root, "train")


def rewrite(root, change):
    """Change the facts of a packed corpus and give it a manifest that holds together."""
    facts = Manifest.read(root, "corpus.packed").facts
    change(facts["splits"]["train"])
    Manifest.write(root, "corpus.packed", params={}, inputs={}, facts=facts)


@pytest.mark.parametrize(
    "names",
    [[], ["../train-00000.alm"], ["train-00001.alm"], ["train-00000.alm", "train-00001.alm"]],
    ids=str,
)
def test_manifest_cannot_name_other_files(write_packed, documents, names):
    root = write_packed(documents)
    rewrite(root, lambda split: split.update(shards=names))

    with pytest.raises(ShardError, match="the list of train shards is malformed"):
        TokenStream(root, "train")


def test_a_split_cannot_be_given_the_shards_of_another(write_packed, documents):
    root = write_packed(documents)
    (root / "train-00000.alm").rename(root / "val-00000.alm")
    rewrite(root, lambda split: split.update(shards=["val-00000.alm"]))

    with pytest.raises(ShardError, match="the list of train shards is malformed"):
        TokenStream(root, "train")


def test_a_document_of_no_source_is_refused(write_packed, documents):
    documents[3] = replace(documents[3], source=2)
    with pytest.raises(ShardError, match="expected sources below 2 in train, found 2"):
        TokenStream(write_packed(documents), "train").documents()


def test_a_manifest_without_its_facts_is_refused(write_packed, documents):
    root = write_packed(documents)
    Manifest.write(root, "corpus.packed", params={}, inputs={}, facts={"vocab_size": 500})

    with pytest.raises(ShardError, match="expected the facts of a packed corpus"):
        TokenStream(root, "train")


def test_count_that_differs_from_the_shards_is_refused(write_packed, documents):
    root = write_packed(documents)
    rewrite(root, lambda split: split.update(tokens=499))

    with pytest.raises(ShardError, match="expected 499 tokens in train, found 500"):
        TokenStream(root, "train")


def test_changed_manifest_is_refused(write_packed, documents):
    path = write_packed(documents) / "manifest.json"
    body = json.loads(path.read_text())
    body["facts"]["vocab_size"] = 499
    path.write_text(json.dumps(body))

    with pytest.raises(IntegrityError, match="changed after it was written"):
        TokenStream(path.parent, "train")
