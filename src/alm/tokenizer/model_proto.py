"""The pieces and settings inside a SentencePiece model, read from its protocol-buffer bytes.

SentencePiece's Python interface does not tell which pieces are user-defined, or how a model treats
spaces, and its generated reader needs the protobuf package. The wire format is small: a message is
a sequence of fields, each a key ``number << 3 | wire type`` and a value; a varint holds 7 bits a
byte, the lowest first.

Reference:
    Protocol Buffers, "Encoding"; field numbers as in ``sentencepiece_model.proto``.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

from alm.errors import IntegrityError

PIECES, TRAINER, NORMALIZER = 1, 2, 3  # fields of the model
TEXT, SCORE, KIND = 1, 2, 3  # fields of a piece
MODEL_TYPE, BYTE_FALLBACK = 3, 35  # fields of the trainer's part
RULES, DUMMY_PREFIX, EXTRA_SPACES, ESCAPE_SPACES = 2, 3, 4, 5  # fields of the normalizer's part
UNIGRAM, BPE = 1, 2  # model types
LONGEST_VARINT = 10  # bytes
MOST_PIECES = 1 << 18  # no vocabulary in use is larger, and an endless one is refused at once
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 are long out of use


class Kind(IntEnum):
    """What a piece is, with SentencePiece's numbers."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Piece(NamedTuple):
    """One entry of the vocabulary; its id is its place."""

    text: str
    score: float
    kind: Kind


class Settings(NamedTuple):
    """What decides, besides the pieces, how a model encodes."""

    is_bpe: bool
    has_byte_fallback: bool
    """A character outside the vocabulary is spelt in bytes."""
    rewrites_characters: bool
    """Normalisation rules may change the text."""
    adds_prefix: bool
    """A space is put before a text."""
    removes_spaces: bool
    """Outer and doubled spaces go."""
    escapes_spaces: bool
    """A space is written as U+2581 in the pieces."""


def read_pieces(model: bytes) -> list[Piece]:
    """Return the vocabulary of a serialised model, in the order of ids.

    Raises:
        IntegrityError: these bytes are no SentencePiece model, or one of more than 262,144 pieces.
    """
    try:
        found = (value for number, value in _fields(model) if number == PIECES)
        values = list(islice(found, MOST_PIECES + 1))
        if len(values) > MOST_PIECES:
            raise _no_model(model)
        return [_piece(value) for value in values]
    except (LookupError, ValueError, TypeError, struct.error):
        raise _no_model(model) from None


def read_settings(model: bytes) -> Settings:
    """Return how a serialised model treats text; what it does not say has SentencePiece's default.

    Raises:
        IntegrityError: these bytes are no SentencePiece model.
    """
    try:
        trainer, normalizer = (dict(_fields(_part(model, each))) for each in (TRAINER, NORMALIZER))
    except (LookupError, ValueError, TypeError):
        raise _no_model(model) from None
    return Settings(
        is_bpe=trainer.get(MODEL_TYPE, UNIGRAM) == BPE,
        has_byte_fallback=bool(trainer.get(BYTE_FALLBACK, 0)),
        rewrites_characters=bool(normalizer.get(RULES, b"")),
        adds_prefix=bool(normalizer.get(DUMMY_PREFIX, 1)),
        removes_spaces=bool(normalizer.get(EXTRA_SPACES, 1)),
        escapes_spaces=bool(normalizer.get(ESCAPE_SPACES, 1)),
    )


def _no_model(model: bytes) -> IntegrityError:
    return IntegrityError(
        f"expected a SentencePiece model, found {len(model)} bytes of something else; "
        "build the tokenizer again"
    )


def _part(model: bytes, number: int) -> bytes:
    """Return a message inside the model; one that comes in pieces counts as one, by the format."""
    return b"".join([value for field, value in _fields(model) if field == number])


def _piece(data: bytes) -> Piece:
    fields = dict(_fields(data))
    (score,) = struct.unpack("<f", fields.get(SCORE, bytes(4)))
    return Piece(str(fields[TEXT], "utf-8"), score, Kind(fields.get(KIND, Kind.NORMAL)))


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield the number and the value of each field; a varint is an int, the rest are bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == VARINT:
            value, at = _varint(data, at)
        else:
            size, at = _size(data, at, wire)
            value, at = data[at : at + size], at + size
        if at > len(data):
            raise ValueError("a field ends behind the end")
        yield key >> 3, value


def _size(data: bytes, at: int, wire: int) -> tuple[int, int]:
    if wire == BYTES:
        return _varint(data, at)
    return {FIXED32: 4, FIXED64: 8}.get(wire, len(data) + 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(LONGEST_VARINT):
        value |= (data[at + i] & 0x7F) << 7 * i
        if data[at + i] < 0x80:
            return value, at + i + 1
    raise ValueError("a number of more than 64 bits")
