"""Write token shards: documents go in one by one, and only their index is held in memory."""

import hashlib
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from alm.data.header import (
    BLOCK_BYTES,
    HEADER_BYTES,
    LOSS_MASK,
    MASK_BLOCK_BYTES,
    ShardHeader,
)
from alm.errors import ShardError
from alm.io import new_file


class Vocabulary(Protocol):
    """What a shard says about the tokenizer that made its tokens."""

    vocab_size: int
    pad_id: int
    bos_id: int
    eos_id: int
    unk_id: int
    sha256: str


@dataclass(frozen=True)
class PackedDocument:
    """A document as it goes into a shard."""

    tokens: np.ndarray
    """(n,) integers, BOS and EOS among them."""
    source: int
    """Number of its source."""
    n_bytes: int
    """UTF-8 bytes of its text."""
    loss_mask: np.ndarray | None = None
    """(n,) bool: which tokens are targets that count; None where all are."""


def shard_name(split: str, index: int) -> str:
    """Return the file name of a shard, such as ``train-00000.alm``."""
    return f"{split}-{index:05d}.alm"


def write_split(
    root: Path,
    split: str,
    documents: Iterator[PackedDocument],
    vocabulary: Vocabulary,
    shard_tokens: int,
) -> list[str]:
    """Write documents to as many shards as they need; return the names of the files, in order.

    A shard takes documents until it holds ``shard_tokens``; a document is never split.
    """
    names: list[str] = []
    upcoming = next(documents, None)
    while upcoming is not None:
        names.append(shard_name(split, len(names)))
        with new_file(root / names[-1]) as file:
            shard = ShardWriter(file, vocabulary, len(names) - 1)
            while upcoming is not None and shard.n_tokens < shard_tokens:
                shard.add(upcoming)
                upcoming = next(documents, None)
            shard.finish(is_last=upcoming is None)
    return names


class ShardWriter:
    """Write one shard to an open, empty file.

    The header goes in last: until then the file is none that a reader would take.
    """

    def __init__(self, file: BinaryIO, vocabulary: Vocabulary, shard_index: int) -> None:
        self._file = file
        self._vocabulary = vocabulary
        self._shard_index = shard_index
        self._starts = array("Q", [0])
        self._n_bytes = array("Q")
        self._sources = array("H")
        self._tokens = _BlockHasher()
        self._mask = _MaskBits()
        file.write(bytes(HEADER_BYTES))

    @property
    def n_tokens(self) -> int:
        """Tokens so far."""
        return self._starts[-1]

    def add(self, document: PackedDocument) -> None:
        """Append a document.

        Raises:
            ShardError: its tokens are no integers, or outside the vocabulary, or there are none; or
                its loss mask is no row of truth values, as many as tokens.
        """
        tokens = self._checked(document)
        self._mask.add(len(tokens), document.loss_mask)
        data = tokens.astype("<u4").tobytes()
        self._file.write(data)
        self._tokens.update(data)
        self._starts.append(self.n_tokens + len(tokens))
        self._sources.append(document.source)
        self._n_bytes.append(document.n_bytes)

    def finish(self, *, is_last: bool) -> ShardHeader:
        """Write the index, then the header; return the header."""
        index = self._index()
        header = ShardHeader(
            vocab_size=self._vocabulary.vocab_size,
            pad_id=self._vocabulary.pad_id,
            bos_id=self._vocabulary.bos_id,
            eos_id=self._vocabulary.eos_id,
            unk_id=self._vocabulary.unk_id,
            shard_index=self._shard_index,
            is_last=is_last,
            n_tokens=self.n_tokens,
            n_docs=len(self._sources),
            n_text_bytes=sum(self._n_bytes),
            tokens_sha256=self._tokens.hexdigest(),
            index_sha256=hashlib.sha256(index).hexdigest(),
            tokenizer_sha256=self._vocabulary.sha256,
            must_understand=LOSS_MASK if self._mask.is_carried else 0,
        )
        self._file.write(index)
        self._file.seek(0)
        self._file.write(header.to_bytes())
        return header

    def _checked(self, document: PackedDocument) -> np.ndarray:
        tokens = np.asarray(document.tokens)
        where = f"document {len(self._sources)} of shard {self._shard_index}"
        if tokens.ndim != 1 or not tokens.size or tokens.dtype.kind not in "iu":
            raise ShardError(
                f"expected a row of integers as tokens, found {tokens.dtype} of shape "
                f"{tokens.shape} in {where}"
            )
        for token in (tokens.min(), tokens.max()):
            if not 0 <= token < self._vocabulary.vocab_size:
                raise ShardError(
                    f"expected tokens below {self._vocabulary.vocab_size}, found {token} in "
                    f"{where}; encode it with the tokenizer that the shard names"
                )
        mask = document.loss_mask
        if mask is not None and (mask.dtype != bool or mask.shape != tokens.shape):
            raise ShardError(
                f"expected a loss mask of {len(tokens)} truth values, found {mask.dtype} of shape "
                f"{mask.shape} in {where}"
            )
        return tokens

    def _index(self) -> bytes:
        """Return everything that stands behind the tokens, the gap before it included."""
        gap, mask = bytes(-self.n_tokens * 4 % 8), self._mask.to_bytes()
        columns = (
            (self._starts, "<u8"),
            (self._n_bytes, "<u8"),
            (self._tokens.block_crcs() + _block_crcs(mask), "<u4"),
            (self._sources, "<u2"),
        )
        parts = (np.asarray(values, dtype=kind).tobytes() for values, kind in columns)
        return b"".join((gap, *parts, mask))


def _block_crcs(mask: bytes) -> array:
    starts = range(0, len(mask), MASK_BLOCK_BYTES)
    return array("L", [zlib.crc32(mask[i : i + MASK_BLOCK_BYTES]) for i in starts])


class _MaskBits:
    """Loss masks as bits, eight a byte from the lowest; nothing until a document carries one."""

    def __init__(self) -> None:
        self.is_carried = False
        self._n_tokens = 0
        self._whole = bytearray()
        self._rest = np.empty(0, dtype=bool)  # fewer than eight

    def add(self, n_tokens: int, mask: np.ndarray | None) -> None:
        if mask is not None and not self.is_carried:
            self.is_carried = True
            self._whole += b"\xff" * (self._n_tokens // 8)  # all of those so far count
            self._rest = np.ones(self._n_tokens % 8, dtype=bool)
        self._n_tokens += n_tokens
        if self.is_carried:
            bits = np.append(self._rest, np.ones(n_tokens, bool) if mask is None else mask)
            n_whole = len(bits) // 8 * 8
            self._whole += np.packbits(bits[:n_whole], bitorder="little").tobytes()
            self._rest = bits[n_whole:]

    def to_bytes(self) -> bytes:
        return bytes(self._whole) + np.packbits(self._rest, bitorder="little").tobytes()


class _BlockHasher:
    """Digest of all bytes, and a CRC-32 of each block of them, whatever the pieces they come in."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._crcs = array("L")
        self._filled = 0

    def update(self, data: bytes) -> None:
        self._sha256.update(data)
        rest = memoryview(data)
        while rest:
            piece = rest[: BLOCK_BYTES - self._filled]
            rest = rest[len(piece) :]
            if not self._filled:
                self._crcs.append(0)
            self._crcs[-1] = zlib.crc32(piece, self._crcs[-1])
            self._filled = (self._filled + len(piece)) % BLOCK_BYTES

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()

    def block_crcs(self) -> array:
        return self._crcs
