"""One vocabulary for all: what was trained here, in the forms that tokenizers and tiktoken read.

SentencePiece's BPE joins, again and again, the neighbours whose concatenation is the best piece.
tokenizers wants those joins as a list, tiktoken wants ranks of byte strings; both then give the
same ids. Text may be cut before a run of spaces and around newlines and tabs, because no piece goes
across; the peers get that as their pattern, without which they would be slower.
"""

import numpy as np
import tiktoken
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from alm.tokenizer import Kind, Piece

SPACE = "\u2581"  # as pieces write it
TOKENIZERS_PATTERN = rf"{SPACE}*[^{SPACE}\n\t]+|{SPACE}+|\n|\t"
TIKTOKEN_PATTERN = r" *[^ \n\t]+| +|\n|\t"
LEARNT = (Kind.NORMAL, Kind.USER_DEFINED)


def to_tokenizers(pieces: list[Piece]) -> Tokenizer:
    """Return the vocabulary as a tokenizer of ``tokenizers``."""
    ids = {piece.text: i for i, piece in enumerate(pieces)}
    learnt = {piece.text for piece in pieces if piece.kind in LEARNT}
    joins = [
        (-piece.score, ids[piece.text[:cut]], ids[piece.text[cut:]], piece.text, cut)
        for piece in pieces
        if piece.kind is Kind.NORMAL
        for cut in range(1, len(piece.text))
        if piece.text[:cut] in learnt and piece.text[cut:] in learnt
    ]
    merges = [(text[:cut], text[cut:]) for *_, text, cut in sorted(joins)]
    made = Tokenizer(models.BPE(ids, merges, byte_fallback=True, unk_token=pieces[3].text))
    made.normalizer = normalizers.Replace(" ", SPACE)
    made.pre_tokenizer = pre_tokenizers.Split(Regex(TOKENIZERS_PATTERN), "isolated")
    return made


class RankedVocabulary:
    """The vocabulary as an encoding of ``tiktoken``, whose ranks stand for ids of ours.

    A character of several bytes has to be put together from them, so its beginnings get ranks too;
    one that stays by itself is spelt in bytes, as SentencePiece does.
    """

    def __init__(self, pieces: list[Piece]) -> None:
        single = [bytes([byte]) for byte in range(256)]
        texts = [piece.text.replace(SPACE, " ") for piece in pieces if piece.kind in LEARNT]
        characters = [text.encode() for text in texts if len(text) == 1]
        begun = [text[:stop] for text in characters for stop in range(2, len(text))]
        words = [text.encode() for text in texts if len(text) > 1]
        ordered = list(dict.fromkeys([*single, *begun, *characters, *words]))
        ranks = {text: rank for rank, text in enumerate(ordered)}
        self.encoding = tiktoken.Encoding(
            "ours", pat_str=TIKTOKEN_PATTERN, mergeable_ranks=ranks, special_tokens={}
        )
        self._ids = [_spell(text, pieces) for text in _by_number(ordered, pieces)]

    def to_ids(self, ranks: list[int]) -> list[int]:
        """Return the ids that ranks stand for."""
        return [i for rank in ranks for i in self._ids[rank]]


def _by_number(ordered: list[bytes], pieces: list[Piece]) -> list[tuple[int, bytes]]:
    """Return (id, or -1, and text) of every rank."""
    ids = {p.text.replace(SPACE, " ").encode(): i for i, p in enumerate(pieces) if p.kind in LEARNT}
    return [(ids.get(text, -1), text) for text in ordered]


def _spell(entry: tuple[int, bytes], pieces: list[Piece]) -> list[int]:
    number, text = entry
    if number >= 0:
        return [number]
    first = next(i for i, piece in enumerate(pieces) if piece.kind is Kind.BYTE)
    return (np.frombuffer(text, np.uint8).astype(int) + first).tolist()
