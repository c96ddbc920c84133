"""Text to token ids and back, without losing a character."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Self

import numpy as np
from sentencepiece import SentencePieceProcessor

from alm.errors import InputError, IntegrityError
from alm.io import Manifest
from alm.tokenizer.fast_encoder import FastEncoder
from alm.tokenizer.model_proto import Kind, Piece, read_pieces
from alm.tokenizer.symbols import BOS_ID, CONTROL_IDS, EOS_ID, PAD_ID, SPECIALS, UNK_ID
from alm.tokenizer.words import SPACE_MARK

KIND = "tokenizer"
MODEL = "tokenizer.model"
REPLACEMENT = "\ufffd"
BYTE_PIECES = {f"<0x{b:02X}>" for b in range(256)}

# Loses something under every setting of SentencePiece but ours: outer and doubled spaces, newlines,
# a ligature that normalisation would take apart, a character that only bytes can spell.
CANARY = f"  a  b\r\n\n\t\ufb01 {SPACE_MARK}\U0010fffe "


class Tokenizer:
    """A lossless, injection-safe vocabulary: ``decode(encode(s)) == s`` for every string.

    SentencePiece alone loses one character, U+2581, by which it writes spaces. Text is therefore
    cut at it, and its three bytes are put in its place as byte pieces.

    Args:
        model: a serialised model from :func:`alm.tokenizer.train_tokenizer`.

    Raises:
        IntegrityError: the bytes are no such model, or one with other symbols or other settings.
    """

    pad_id, bos_id, eos_id, unk_id = PAD_ID, BOS_ID, EOS_ID, UNK_ID
    control_ids = CONTROL_IDS

    def __init__(self, model: bytes) -> None:
        self._model = model
        self.pieces: list[Piece] = read_pieces(model)
        _check_symbols(self.pieces)
        self._bytes_of = [_spell(piece) for piece in self.pieces]
        self._mark_ids = _spelt_in_bytes(SPACE_MARK, self.pieces)
        try:
            self._processor = SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise IntegrityError(f"SentencePiece refuses the tokenizer model: {error}") from None
        if self.decode(self.encode(CANARY)) != CANARY:
            raise IntegrityError(
                "this tokenizer model loses characters of the text; build it with alm"
            )

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the tokenizer that the stage of that name wrote.

        Raises:
            IntegrityError: the directory is not whole, or its model is not the one described.
        """
        manifest = Manifest.read(directory, KIND)
        manifest.verify(directory)
        tokenizer = cls((directory / MODEL).read_bytes())
        if tokenizer.sha256 != (expected := manifest.facts.get("sha256")):
            raise IntegrityError(
                f"{directory}: expected a vocabulary with SHA-256 {expected!s:.12}, found "
                f"{tokenizer.sha256:.12}; build it again"
            )
        return tokenizer

    @property
    def vocab_size(self) -> int:
        """Pieces, all symbols among them; every id is below this."""
        return len(self.pieces)

    @property
    def sha256(self) -> str:
        """Digest of what decides an encoding: ids, pieces, their scores and their kinds.

        Unlike the digest of the file it does not change when SentencePiece merely stores more
        about how the model was trained.
        """
        digest = hashlib.sha256()
        for i, (text, score, kind) in enumerate(self.pieces):
            digest.update(f"{i}\t{text!a}\t{score.hex()}\t{kind.value}\n".encode())
        return digest.hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text``: no BOS, no EOS, and no control symbol whatever it spells.

        Raises:
            InputError: the text holds a lone surrogate, which no UTF-8 file can.
        """
        return self.encode_plain([text])[0].tolist()

    def encode_many(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of each text as uint32: the same as one by one, several times as fast.

        Raises:
            InputError: a text holds a lone surrogate.
        """
        return _encode_around_marks(texts, self.fast_encoder.encode_many, self._mark_ids)

    def encode_plain(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of each text as uint32, each from SentencePiece itself.

        This is what :meth:`encode_many` has to agree with.

        Raises:
            InputError: a text holds a lone surrogate.
        """
        return _encode_around_marks(texts, self._encode_by_sentencepiece, self._mark_ids)

    @cached_property
    def fast_encoder(self) -> FastEncoder:
        """What encodes many texts; it remembers words from one call to the next."""
        return FastEncoder(self._model)

    def _encode_by_sentencepiece(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.array(self._processor.encode(text), dtype=np.uint32) for text in texts]

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """Return the text of ``ids``; bytes that are no UTF-8 become U+FFFD each.

        Specials and control symbols have no text, but for the unknown one: U+FFFD.
        """
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Sequence[int] | np.ndarray) -> bytes:
        """Return the bytes that ``ids`` spell, which may end inside a character.

        Raises:
            InputError: an id lies outside the vocabulary.
        """
        ids = np.asarray(ids, dtype=np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= self.vocab_size):
            wrong = ids[(ids < 0) | (ids >= self.vocab_size)][0]
            raise InputError(f"expected token ids below {self.vocab_size}, found {wrong}")
        return b"".join([self._bytes_of[i] for i in ids.tolist()])


def _encode_around_marks(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], list[np.ndarray]],
    mark_ids: list[int],
) -> list[np.ndarray]:
    """Encode what stands between U+2581, and put the bytes of U+2581 in between again."""
    for text in texts:
        _check_unicode(text)
    parts = [text.split(SPACE_MARK) for text in texts]
    encoded = iter(encode(list(chain.from_iterable(parts))))
    return [_join(list(islice(encoded, len(each))), mark_ids) for each in parts]


def _join(parts: list[np.ndarray], mark_ids: list[int]) -> np.ndarray:
    if len(parts) == 1:
        return parts[0]
    mark = np.array(mark_ids, dtype=np.uint32)
    return np.concatenate([parts[0], *chain.from_iterable((mark, part) for part in parts[1:])])


def _spell(piece: Piece) -> bytes:
    if piece.kind is Kind.CONTROL:
        return b""
    if piece.kind is Kind.UNKNOWN:
        return REPLACEMENT.encode()
    if piece.kind is Kind.BYTE:
        return bytes([int(piece.text[1:-1], 16)])  # such as <0x0A>
    return piece.text.replace(SPACE_MARK, " ").encode()


def _spelt_in_bytes(text: str, pieces: list[Piece]) -> list[int]:
    names = [piece.text if piece.kind is Kind.BYTE else None for piece in pieces]
    return [names.index(f"<0x{b:02X}>") for b in text.encode()]


def _check_symbols(pieces: list[Piece]) -> None:
    """Raise IntegrityError unless the ids that alm reserves hold what it reserves them for."""
    expected = [(name, Kind.CONTROL) for name in (*SPECIALS, *CONTROL_IDS)]
    expected[UNK_ID] = (SPECIALS[UNK_ID], Kind.UNKNOWN)
    found = [(piece.text, piece.kind) for piece in pieces]
    n_bytes = len(BYTE_PIECES & {text for text, kind in found if kind is Kind.BYTE})
    if found[: len(expected)] != expected or n_bytes != len(BYTE_PIECES):
        names = ", ".join(text for text, _ in found[:5])
        raise IntegrityError(
            f"expected a tokenizer model that begins with {', '.join(SPECIALS)} and the control "
            f"symbols of this version of alm and has 256 bytes, found one that begins with "
            f"{names} and has {n_bytes}; build the tokenizer again"
        )


def _check_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"expected Unicode text, found the lone surrogate U+{ord(text[error.start]):04X} at "
            f"character {error.start}; it is half of a character, so repair the source"
        ) from None
