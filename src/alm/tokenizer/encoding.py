"""Documents and their tokens, in batches: fast, and in memory that the corpus does not grow."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from alm.tokenizer.tokenizer import Tokenizer

BATCH_CHARACTERS = 2**22  # enough to keep every core busy; one longer document is a batch


class Document(Protocol):
    """What is needed here of a document of ``alm.corpus``, which this package stands without."""

    id: str
    source: str
    text: str


def encode_documents(
    documents: Iterable[Document], tokenizer: Tokenizer
) -> Iterator[tuple[Document, np.ndarray]]:
    """Yield each document with its ids (uint32, no BOS, no EOS), in the order given."""
    for batch in in_batches(documents):
        yield from zip(
            batch, tokenizer.encode_many([document.text for document in batch]), strict=True
        )


def in_batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Group documents so that a batch ends as soon as it holds ``BATCH_CHARACTERS``."""
    batch: list[Document] = []
    held = 0
    for document in documents:
        batch.append(document)
        held += len(document.text)
        if held >= BATCH_CHARACTERS:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
