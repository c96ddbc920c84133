"""Read token shards: the true data or an error, whatever happened to the file.

Bytes are read, never mapped into memory: a mapped file that somebody cuts kills the process or
turns to zeros, a read of it comes back short. Every read checks the blocks that it touches.
"""

import hashlib
import os
import weakref
import zlib
from functools import cached_property
from pathlib import Path

import numpy as np

from alm.data.header import (
    BLOCK_BYTES,
    HEADER_BYTES,
    MASK_BLOCK_BYTES,
    MASK_SECTION,
    TOKEN_BYTES,
    ShardHeader,
)
from alm.data.index import DocumentIndex
from alm.errors import ShardError

BLOCK_TOKENS = BLOCK_BYTES // TOKEN_BYTES
VERIFY_BLOCKS = 16  # read at once by verify: 1 MiB
BLOCK_SIZES = {"tokens": BLOCK_BYTES, MASK_SECTION: MASK_BLOCK_BYTES}


class ShardReader:
    """Random access to one shard. Opening it reads the header and nothing else.

    Raises:
        ShardError: the file is absent, of another version, cut, or its header is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise ShardError(
                f"cannot open {path}: {error.strerror}; pack the corpus again (make pack)"
            ) from None
        self.close = weakref.finalize(self, os.close, self._file)
        self.header = ShardHeader.from_bytes(self._read_some(0, HEADER_BYTES), path)
        size = os.fstat(self._file).st_size
        if size != self.header.file_bytes:
            raise ShardError(
                f"{path}: expected file_bytes {self.header.file_bytes}, found {size}; pack the "
                "corpus again"
            )

    @property
    def n_tokens(self) -> int:
        """Tokens in the shard."""
        return self.header.n_tokens

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return tokens ``[start, stop)`` as a uint32 copy.

        Raises:
            ShardError: the bytes are not those that were written.
        """
        data, skip = self._blocks("tokens", start, stop)
        tokens = np.frombuffer(data, dtype="<u4")[start - skip : stop - skip]
        if tokens.size and tokens.max() >= self.header.vocab_size:
            raise ShardError(
                f"{self.path}: token {tokens.max()} lies outside the vocabulary of "
                f"{self.header.vocab_size}; pack the corpus again"
            )
        return tokens.astype(np.uint32)

    def read_loss_mask(self, start: int, stop: int) -> np.ndarray:
        """Return which of tokens ``[start, stop)`` are targets that count, as bool.

        Raises:
            ShardError: the bytes are not those that were written.
        """
        if not self.header.has_loss_mask:
            return np.ones(stop - start, dtype=bool)
        data, skip = self._blocks(MASK_SECTION, start, stop)
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
        return bits[start - skip : stop - skip].astype(bool)

    def documents(self) -> DocumentIndex:
        """Return the index of the documents, with positions counted from the shard's start.

        Raises:
            ShardError: the index is not the one that was written, or contradicts the header.
        """
        at = HEADER_BYTES + self.n_tokens * TOKEN_BYTES
        data = self._read(at, self.header.file_bytes - at)
        if hashlib.sha256(data).hexdigest() != self.header.index_sha256:
            raise ShardError(f"{self.path}: the index is damaged (index_sha256); pack it again")
        index = DocumentIndex(
            start=self._column("doc_start", "<u8", np.uint64),
            source=self._column("doc_source", "<u2", np.uint16),
            n_bytes=self._column("doc_bytes", "<u8", np.uint64),
        )
        self._check_index(index)
        return index

    def verify(self) -> None:
        """Read everything.

        Raises:
            ShardError: something is damaged; the message names the field, or the bytes.
        """
        self.documents()
        digest = hashlib.sha256()
        for start in range(0, self.n_tokens, VERIFY_BLOCKS * BLOCK_TOKENS):
            stop = min(start + VERIFY_BLOCKS * BLOCK_TOKENS, self.n_tokens)
            digest.update(self.read(start, stop).astype("<u4").tobytes())
            self.read_loss_mask(start, stop)
        if digest.hexdigest() != self.header.tokens_sha256:
            raise ShardError(f"{self.path}: the tokens are not those of tokens_sha256; pack again")

    def _blocks(self, section: str, start: int, stop: int) -> tuple[bytes, int]:
        """Return the blocks with tokens ``[start, stop)``, and the first token of the first block.

        Each block is compared with its checksum.
        """
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(f"tokens {start} to {stop} of {self.n_tokens} in {self.path}")
        first, end = start // BLOCK_TOKENS, -(-stop // BLOCK_TOKENS)
        size, (offset, length) = BLOCK_SIZES[section], self.header.sections[section]
        data = self._read(offset + first * size, min(end * size, length) - first * size)
        view, crcs = memoryview(data), self._block_crcs[section]
        for i in range(first, end):
            at = (i - first) * size
            if zlib.crc32(view[at : at + size]) != crcs[i]:
                begin = offset + i * size
                raise ShardError(
                    f"{self.path}: damaged between bytes {begin} and {begin + size}, or the "
                    f"block_crc of block {i} of the {section} is; pack the corpus again"
                )
        return data, first * BLOCK_TOKENS

    @cached_property
    def _block_crcs(self) -> dict[str, list[int]]:
        crcs = self._column("block_crc", "<u4", np.uint32).tolist()
        n_blocks = self.header.n_blocks
        return {"tokens": crcs[:n_blocks], MASK_SECTION: crcs[n_blocks:]}

    def _column(self, section: str, stored: str, kind: type[np.generic]) -> np.ndarray:
        data = self._read(*self.header.sections[section])
        return np.frombuffer(data, dtype=stored).astype(kind)

    def _check_index(self, index: DocumentIndex) -> None:
        start, header = index.start, self.header
        if start[0] != 0 or start[-1] != header.n_tokens or (start[1:] <= start[:-1]).any():
            raise ShardError(f"{self.path}: doc_start does not divide {header.n_tokens} tokens")
        if int(index.n_bytes.sum()) != header.n_text_bytes:
            raise ShardError(f"{self.path}: doc_bytes do not add up to {header.n_text_bytes}")

    def _read(self, offset: int, length: int) -> bytes:
        data = self._read_some(offset, length)
        if len(data) < length:
            raise ShardError(
                f"{self.path}: expected {length} bytes at {offset}, found {len(data)}; it was cut "
                "after it was opened: pack the corpus again"
            )
        return data

    def _read_some(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes: fewer only where the file ends."""
        pieces = []
        try:
            while length and (piece := os.pread(self._file, length, offset)):
                pieces.append(piece)
                offset, length = offset + len(piece), length - len(piece)
        except OSError as error:
            raise ShardError(f"cannot read {self.path}: {error.strerror}") from None
        return b"".join(pieces)
