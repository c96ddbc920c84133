"""encode_documents: each document with its own tokens, in order, a batch at a time."""

from types import SimpleNamespace

from alm.tokenizer import encode_documents
from alm.tokenizer.encoding import BATCH_CHARACTERS, in_batches


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
