"""The pieces inside a SentencePiece model, read from its protocol-buffer bytes.

SentencePiece's Python interface does not tell which pieces are user-defined, and its generated
reader needs the protobuf package. The wire format is small: a message is a sequence of fields, each
a key ``number << 3 | wire type`` and a value; a varint holds 7 bits a byte, the lowest first.

Reference:
    Protocol Buffers, "Encoding"; field numbers as in ``sentencepiece_model.proto``.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from alm.errors import IntegrityError

PIECES = 1  # field of the model
TEXT, SCORE, KIND = 1, 2, 3  # fields of a piece
LONGEST_VARINT = 10  # bytes
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


def read_pieces(model: bytes) -> list[Piece]:
    """Return the vocabulary of a serialised model, in the order of ids.

    Raises:
        IntegrityError: these bytes are no SentencePiece model.
    """
    try:
        return [_piece(value) for number, value in _fields(model) if number == PIECES]
    except (LookupError, ValueError, TypeError, struct.error):
        raise IntegrityError(
            f"expected a SentencePiece model, found {len(model)} bytes of something else; "
            "build the tokenizer again"
        ) from None


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
