"""encode_documents, UnitEncoder: each document with its own tokens, in order, a batch at a time."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest

from alm.corpus import read_unit
from alm.errors import IntegrityError
from alm.io import Manifest, write_bytes
from alm.tokenizer import UnitEncoder, encode_documents
from alm.tokenizer.encoding import BATCH_CHARACTERS, in_batches
from alm.work import cut_lines


def documents(texts):
    return [SimpleNamespace(id=str(i), source="s", text=text) for i, text in enumerate(texts)]


def test_each_document_has_its_own_tokens(tokenizer, texts):
    given = documents(texts)

    encoded = list(encode_documents(given, tokenizer))

    assert [document for document, _ in encoded] == given
    assert [ids.tolist() for _, ids in encoded] == [tokenizer.encode(text) for text in texts]


def test_a_batch_ends_once_it_is_full():
    quarter = "x" * (BATCH_CHARACTERS // 4)
    given = documents([quarter] * 5 + [quarter * 9, "a", "b"])

    batches = [[len(document.text) for document in batch] for batch in in_batches(given)]

    q = len(quarter)
    assert batches == [[q] * 4, [q, 9 * q], [1, 1]]


def test_documents_are_asked_for_as_they_are_needed(tokenizer):
    taken = []
    text = "x" * BATCH_CHARACTERS

    def endless():
        while True:
            taken.append(len(taken))
            yield SimpleNamespace(id="", source="", text=text if len(taken) % 2 else "y")

    next(in_batches(endless()))

    assert taken == [0]


def test_nothing_gives_nothing(tokenizer):
    assert list(encode_documents([], tokenizer)) == []


@pytest.fixture
def directory(tmp_path, model, tokenizer):
    """What the tokenizer stage leaves, as far as it is read here."""
    root = tmp_path / "tokenizer"
    write_bytes(root / "tokenizer.model", model)
    facts = {"sha256": tokenizer.sha256}
    Manifest.write(root, "tokenizer", params={}, inputs={}, facts=facts)
    return root


def test_units_are_encoded_wherever_the_encoder_is_sent(
    directory, write_corpus, tokenizer, texts, small_units
):
    path = write_corpus(train=[*texts, "a\u2581b"]) / "train.jsonl"
    encoder = pickle.loads(pickle.dumps(UnitEncoder.of(directory, read_unit)))

    for encode in (encoder.encode, encoder.encode_plain):
        encoded = [ids.tolist() for unit in cut_lines(path) for _, ids in encode(unit)]
        assert encoded == [tokenizer.encode(text) for text in [*texts, "a\u2581b"]]


def test_encoder_says_what_a_shard_says_about_its_vocabulary(directory, tokenizer):
    encoder = UnitEncoder.of(directory, read_unit)

    for name in ("vocab_size", "pad_id", "bos_id", "eos_id", "unk_id", "sha256"):
        assert getattr(encoder, name) == getattr(tokenizer, name)


def test_plain_encoding_does_not_come_from_the_fast_one(directory, write_corpus, monkeypatch):
    (unit,) = cut_lines(write_corpus() / "train.jsonl")
    monkeypatch.setattr("alm.tokenizer.fast_encoder.FastEncoder.encode_many", None)

    assert list(UnitEncoder.of(directory, read_unit).encode_plain(unit))


def test_tokenizer_that_was_built_again_is_refused(directory, write_corpus):
    (unit,) = cut_lines(write_corpus() / "train.jsonl")
    encoder = replace(UnitEncoder.of(directory, read_unit), sha256="0" * 64)

    with pytest.raises(IntegrityError, match="expected the vocabulary 000000000000, found"):
        list(encoder.encode(unit))
