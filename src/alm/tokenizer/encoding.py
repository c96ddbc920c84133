"""Documents and their tokens, in batches: fast, and in memory that the corpus does not grow."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from alm.errors import IntegrityError
from alm.tokenizer.symbols import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from alm.tokenizer.tokenizer import Tokenizer
from alm.work import Unit

BATCH_CHARACTERS = 2**20  # one longer document is a batch


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


@dataclass(frozen=True)
class UnitEncoder:
    """Encodes the documents of a unit, in whatever process it was sent to.

    It carries the tokenizer's place, not the tokenizer: each process loads that once, and what the
    tokenizer remembers of one unit serves the next.
    """

    directory: Path
    """What the tokenizer stage wrote."""
    read: Callable[[Unit], Iterable[Document]]
    """Gives the documents of a unit; a function of a module, so that it can be sent."""
    sha256: str
    """Digest of the vocabulary."""
    vocab_size: int
    pad_id: int = PAD_ID
    bos_id: int = BOS_ID
    eos_id: int = EOS_ID
    unk_id: int = UNK_ID

    @classmethod
    def of(cls, directory: Path, read: Callable[[Unit], Iterable[Document]]) -> Self:
        """Check what the tokenizer stage wrote, and prepare to encode with it.

        Raises:
            IntegrityError: the directory is not whole, or its model is not the one described.
        """
        tokenizer = Tokenizer.load(directory)
        return cls(directory, read, tokenizer.sha256, tokenizer.vocab_size)

    def encode(self, unit: Unit) -> Iterator[tuple[Document, np.ndarray]]:
        """Yield each document of a unit with its ids (uint32, no BOS, no EOS)."""
        return encode_documents(self.read(unit), _load(self.directory, self.sha256))

    def encode_plain(self, unit: Unit) -> Iterator[tuple[Document, np.ndarray]]:
        """Yield the same, document by document, from SentencePiece itself."""
        tokenizer = _load(self.directory, self.sha256)
        for document in self.read(unit):
            yield document, tokenizer.encode_plain([document.text])[0]


@lru_cache(maxsize=1)
def _load(directory: Path, sha256: str) -> Tokenizer:
    tokenizer = Tokenizer.load(directory)
    if tokenizer.sha256 != sha256:
        raise IntegrityError(
            f"{directory}: expected the vocabulary {sha256[:12]}, found {tokenizer.sha256[:12]}; "
            "it was built again in the meantime, so start the stage anew"
        )
    return tokenizer
