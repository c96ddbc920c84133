"""The first 4,096 bytes of a shard, and where everything else in it lies.

A shard (``.alm``) is one file of one split: a header, the tokens of whole documents, and an index
of those documents. Numbers are little-endian, digests are SHA-256.

==========  ======  ==================  =========================================================
at          type    field               meaning
==========  ======  ==================  =========================================================
0           8s      magic               89 41 4C 4D 0D 0A 1A 0A; damaged by any text-mode transfer
8           u16     major               1; a reader refuses any other
10          u16     minor               0; a reader accepts any
12          u32     must_understand     flags; a reader refuses one that it does not know;
                                1: there is a loss mask
16          u32     may_ignore          flags; a reader passes over those that it does not know
20          u32     header_bytes        4,096
24          u32     token_bytes         4: a token is a uint32, whatever the vocabulary
28          u32     block_bytes         65,536: stretch of the tokens that one checksum covers
32          u32     vocab_size          every token is below it
36          u32[4]  pad, bos, eos, unk  ids of the specials
52          u32     shard_index         place of this shard in its split, from 0
56          u32     is_last             1 in the last shard of the split, else 0
60          u32     n_sections          5, or 6 with a loss mask
64          u64     n_tokens
72          u64     n_docs
80          u64     n_text_bytes        UTF-8 bytes of all texts
88          u64     file_bytes
96          u64[2]  tokens              offset and length of each section, in bytes
112         u64[2]  doc_start           u64[n_docs + 1]: first token of each document, and n_tokens
128         u64[2]  doc_bytes           u64[n_docs]: UTF-8 bytes of each text
144         u64[2]  block_crc           u32: CRC-32 of each block of the tokens, then of each of the
                                loss mask, if any; the last of either is short
160         u64[2]  doc_source          u16[n_docs]: number of each document's source
176         32s     tokens_sha256       of the tokens section
208         32s     index_sha256        of everything behind the tokens section
240         32s     tokenizer_sha256    of the vocabulary (``Tokenizer.sha256``)
272         u64[2]  loss_mask           bit ``i % 8`` of byte ``i // 8`` is 1 where token ``i`` is a
                                target that counts; zero where there is no such section
288         --      (zero)
4,092       u32     header_crc          CRC-32 of the bytes before it
==========  ======  ==================  =========================================================

The sections follow each other in this order; the tokens begin at 4,096 and the index at the next
multiple of 8, so all can be used in place. Every byte of the file is under some checksum, and every
length follows from ``n_tokens`` and ``n_docs``, so a reader knows at once whether a file is whole.
A loss mask is there only if some document of the shard carries one; the others' tokens all count. A
block of it is of the tokens of one block: 2,048 bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

from alm.errors import ShardError

MAGIC = b"\x89ALM\r\n\x1a\n"
MAJOR, MINOR = 1, 0
HEADER_BYTES = 4096
TOKEN_BYTES = 4
BLOCK_BYTES = 2**16
MASK_BLOCK_BYTES = BLOCK_BYTES // TOKEN_BYTES // 8
LOSS_MASK = 1  # flag: there is a section of that name
UNDERSTOOD = LOSS_MASK
SECTIONS = ("tokens", "doc_start", "doc_bytes", "block_crc", "doc_source")
MASK_SECTION = "loss_mask"

_VOCABULARY = ("vocab_size", "pad_id", "bos_id", "eos_id", "unk_id")
_FLAGS = ("must_understand", "may_ignore")
_UNITS = ("header_bytes", "token_bytes", "block_bytes")
_PLACE = ("shard_index", "is_last", "n_sections")
_COUNTS = ("n_tokens", "n_docs", "n_text_bytes", "file_bytes")
_PLACES = tuple(f"{section}.{part}" for section in SECTIONS for part in ("offset", "length"))
_MASK_PLACES = tuple(f"{MASK_SECTION}.{part}" for part in ("offset", "length"))
_DIGESTS = ("tokens_sha256", "index_sha256", "tokenizer_sha256")
_TYPES = {
    **{"magic": "8s", "major": "H", "minor": "H"},
    **dict.fromkeys((*_FLAGS, *_UNITS, *_VOCABULARY, *_PLACE), "I"),
    **dict.fromkeys((*_COUNTS, *_PLACES), "Q"),
    **dict.fromkeys(_DIGESTS, "32s"),
    **dict.fromkeys(_MASK_PLACES, "Q"),
}
_FIELDS = struct.Struct("<" + "".join(_TYPES.values()))
_CRC = struct.Struct("<I")


@dataclass(frozen=True, kw_only=True)
class ShardHeader:
    """What varies from shard to shard; the rest of the header follows from it."""

    vocab_size: int
    pad_id: int
    bos_id: int
    eos_id: int
    unk_id: int
    shard_index: int
    is_last: bool
    n_tokens: int
    n_docs: int
    n_text_bytes: int
    tokens_sha256: str
    index_sha256: str
    tokenizer_sha256: str
    must_understand: int = 0

    @property
    def has_loss_mask(self) -> bool:
        """Whether some document says which of its tokens are targets that count."""
        return bool(self.must_understand & LOSS_MASK)

    @property
    def n_blocks(self) -> int:
        """Blocks of the tokens, and as many of a loss mask."""
        return -(-self.n_tokens * TOKEN_BYTES // BLOCK_BYTES)

    @property
    def sections(self) -> dict[str, tuple[int, int]]:
        """Offset and length of each section, in bytes."""
        n_crcs = self.n_blocks * (2 if self.has_loss_mask else 1)
        lengths = [8 * (self.n_docs + 1), 8 * self.n_docs, 4 * n_crcs, 2 * self.n_docs]
        names = SECTIONS
        if self.has_loss_mask:
            lengths, names = [*lengths, -(-self.n_tokens // 8)], (*SECTIONS, MASK_SECTION)
        offsets = accumulate(lengths[:-1], initial=self.index_at)
        tokens = (HEADER_BYTES, self.n_tokens * TOKEN_BYTES)
        return dict(zip(names, [tokens, *zip(offsets, lengths, strict=True)], strict=True))

    @property
    def index_at(self) -> int:
        """Offset of the first section behind the tokens, on a multiple of 8."""
        return HEADER_BYTES + -(-self.n_tokens * TOKEN_BYTES // 8) * 8

    @property
    def file_bytes(self) -> int:
        """Size of the whole file."""
        return sum(list(self.sections.values())[-1])

    def to_bytes(self) -> bytes:
        """Return the header as it stands in the file."""
        values = {**self._numbers(), **_digests(bytes.fromhex, vars(self))}
        values |= {"magic": MAGIC, "major": MAJOR, "minor": MINOR, "may_ignore": 0}
        head = _FIELDS.pack(*(values[name] for name in _TYPES)).ljust(HEADER_BYTES - 4, b"\0")
        return head + _CRC.pack(zlib.crc32(head))

    @classmethod
    def from_bytes(cls, data: bytes, path: Path) -> Self:
        """Read a header and check all that it says by itself.

        Raises:
            ShardError: it is no header of this version, or is damaged, or contradicts itself; the
                message names the field and ``path``.
        """
        found = _parse(data, path)
        values = {name: found[name] for name in cls.__dataclass_fields__}
        header = cls(**{**values, **_digests(bytes.hex, values)})
        _require(path, found, **header._numbers())
        header._check_ranges(path)
        return header

    def _numbers(self) -> dict[str, int]:
        """Return every number that this version of the format fixes or derives, by name."""
        return {
            "header_bytes": HEADER_BYTES,
            "token_bytes": TOKEN_BYTES,
            "block_bytes": BLOCK_BYTES,
            **{name: getattr(self, name) for name in (*_VOCABULARY, "shard_index", *_COUNTS)},
            "is_last": int(bool(self.is_last)),
            "must_understand": self.must_understand,
            "n_sections": len(self.sections),
            **dict.fromkeys(_MASK_PLACES, 0),
            **dict(self._section_fields()),
        }

    def _section_fields(self) -> Iterator[tuple[str, int]]:
        for section, (offset, length) in self.sections.items():
            yield f"{section}.offset", offset
            yield f"{section}.length", length

    def _check_ranges(self, path: Path) -> None:
        for name in ("n_tokens", "n_docs"):
            if not getattr(self, name):
                raise ShardError(f"{path}: {name} is 0, and alm writes no empty shard")
        for name in _VOCABULARY[1:]:
            if getattr(self, name) >= self.vocab_size:
                raise ShardError(f"{path}: {name} lies outside the vocabulary of {self.vocab_size}")


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    """Return the fields of a header by name, if it is one, whole, and of a version we know."""
    if len(data) < HEADER_BYTES:
        raise ShardError(
            f"{path}: expected a header of {HEADER_BYTES} bytes, found {len(data)}; "
            "pack the corpus again"
        )
    found = dict(zip(_TYPES, _FIELDS.unpack_from(data), strict=True))
    _require(path, found, magic=MAGIC, major=MAJOR)
    if zlib.crc32(data[:-4]) != _CRC.unpack(data[-4:])[0]:
        raise ShardError(f"{path}: the header is damaged (header_crc); pack the corpus again")
    if unknown := found["must_understand"] & ~UNDERSTOOD:
        raise ShardError(
            f"{path}: must_understand has flags {unknown:#x} that this version of alm does not "
            "know; use the version that packed it"
        )
    return found


def _require(path: Path, found: dict[str, Any], **expected: Any) -> None:  # noqa: ANN401
    for name, value in expected.items():
        if found[name] != value:
            raise ShardError(
                f"{path}: expected {name} {value!r}, found {found[name]!r}; it is no shard of this "
                "version, or damaged: pack the corpus again"
            )


def _digests(convert: Any, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    return {name: convert(values[name]) for name in _DIGESTS}
