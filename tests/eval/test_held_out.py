"""HeldOut: the first documents of each source, and only where tokens and text agree."""

import pytest

from alm.errors import IntegrityError
from alm.eval.held_out import HeldOut, choose_documents, read_train_texts
from alm.io import Manifest


def test_first_documents_of_each_source_are_taken_while_they_fit():
    sources, sizes = ["a", "b", "a", "a", "b", "a"], [4, 3, 5, 2, 9, 1]

    assert choose_documents(sources, sizes, 9, {}) == {"a": [0, 2], "b": [1]}
    assert choose_documents(sources, sizes, 12, {}) == {"a": [0, 2, 3, 5], "b": [1, 4]}


def test_a_first_document_is_taken_whatever_its_size():
    assert choose_documents(["a", "a"], [100, 1], 10, {}) == {"a": [0]}


def test_what_does_not_fit_ends_the_choice():
    assert choose_documents(["a", "a", "a"], [5, 9, 1], 10, {}) == {"a": [0]}


def test_a_limit_in_documents_ends_the_choice_of_its_source():
    sources, sizes = ["a", "b", "a", "a", "b"], [1, 1, 1, 1, 1]

    assert choose_documents(sources, sizes, 9, {"a": 2}) == {"a": [0, 2], "b": [1, 4]}


def test_texts_are_those_of_the_packed_documents(corpus):
    documents, packed = corpus

    held_out = HeldOut.read(packed, documents, 17, {})

    assert held_out.chosen == {"b": [1], "a": [0, 2]}
    assert held_out.texts == {0: b"one two three", 1: "é".encode(), 2: b"four"}
    start, end = held_out.starts[2], held_out.starts[3]
    ids = held_out.stream.read(int(start), int(end))
    assert bytes((ids[1:-1] - 4).astype("u1")) == b"four"


def test_sources_stand_in_the_order_of_the_corpus(corpus):
    documents, packed = corpus

    assert list(HeldOut.read(packed, documents, 1000, {}).chosen) == ["b", "a"]


def test_training_text_is_read_whole(corpus):
    assert list(read_train_texts(corpus[0])) == [
        b"one two four five " * 4,
        "xyxyxyé".encode(),
        b"three",
    ]


def reseal(documents, packed):
    """Make both manifests fit the files again, as if the text had been so all along."""
    text, shards = Manifest.read(documents, "corpus.filter"), Manifest.read(packed, "corpus.packed")
    text = Manifest.write(documents, text.kind, params={}, inputs={}, facts=text.facts)
    inputs = {"filter": text.sha256}
    Manifest.write(packed, shards.kind, params={}, inputs=inputs, facts=shards.facts)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("four", "fours", "document 2 .*expected 4 bytes of a as packed, found 5 of a"),
        ('"source":"b","text":"y"', '"source":"a","text":"y"', "1 bytes of b .*found 1 of a"),
    ],
    ids=["length", "source"],
)
def test_document_other_than_the_packed_one_is_refused(corpus, old, new, message):
    documents, packed = corpus
    path = documents / "val.jsonl"
    path.write_text(path.read_text().replace(old, new))
    reseal(documents, packed)

    with pytest.raises(IntegrityError, match=message):
        HeldOut.read(packed, documents, 17, {})


@pytest.mark.parametrize("change", ["fewer", "more"])
def test_another_number_of_documents_is_refused(corpus, change):
    documents, packed = corpus
    path = documents / "val.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1] if change == "fewer" else lines + lines[-1:]))
    reseal(documents, packed)

    with pytest.raises(IntegrityError, match="pack the corpus again"):
        HeldOut.read(packed, documents, 17, {})


def test_text_that_changed_since_it_was_packed_is_refused(corpus):
    documents, packed = corpus
    path = documents / "train.jsonl"
    path.write_text(path.read_text().replace("three", "eerht"))

    with pytest.raises(IntegrityError, match="train.jsonl"):
        HeldOut.read(packed, documents, 17, {})


def test_shards_of_another_text_are_refused(corpus):
    documents, packed = corpus
    facts = Manifest.read(documents, "corpus.filter").facts
    Manifest.write(documents, "corpus.filter", params={"other": 1}, inputs={}, facts=facts)

    with pytest.raises(IntegrityError, match="found shards of"):
        HeldOut.read(packed, documents, 17, {})
