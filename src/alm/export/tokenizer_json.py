"""The vocabulary as Hugging Face's tokenizers reads it: ``tokenizer.json``, made of the pieces.

SentencePiece merges the neighbours whose join is the piece of the highest score. ``tokenizers``
wants the pairs themselves, in order. So every split of a piece into two pieces is a pair, and the
pairs stand in the order of the joins' scores.

A space is a space here, where SentencePiece writes U+2581. So a text may hold U+2581 itself: it is
in no piece, and byte fallback spells it, as :class:`alm.tokenizer.Tokenizer` does.

Text that spells a control symbol stays text (``split_special_tokens``): such a symbol enters a
sequence by id alone, as everywhere in alm.
"""

from collections.abc import Iterator
from typing import Any

from alm.tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Kind, Piece

SPACE_MARK = "\u2581"  # how SentencePiece writes a space
IN_TEXT = (Kind.NORMAL, Kind.USER_DEFINED)
SPECIAL = (Kind.CONTROL, Kind.UNKNOWN)


def build_tokenizer_json(pieces: list[Piece]) -> dict[str, Any]:
    """Return ``tokenizer.json`` for the pieces of a BPE model; BOS is put before each text."""
    names = [spell(piece) for piece in pieces]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, **_added(piece.text)}
            for i, piece in enumerate(pieces)
            if piece.kind in SPECIAL
        ],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": _begin_with(names[BOS_ID]),
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": names[UNK_ID],
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {name: i for i, name in enumerate(names)},
            "merges": [list(pair) for pair in list_merges(pieces)],
        },
    }


def build_tokenizer_config(pieces: list[Piece], seq_len: int) -> dict[str, Any]:
    """Return ``tokenizer_config.json``.

    The class is the one that every version of transformers takes at its word: with others, or with
    none, some of them put a tokenizer of their own in its place.
    """
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "added_tokens_decoder": {
            str(i): _added(piece.text) for i, piece in enumerate(pieces) if piece.kind in SPECIAL
        },
        "bos_token": pieces[BOS_ID].text,
        "eos_token": pieces[EOS_ID].text,
        "pad_token": pieces[PAD_ID].text,
        "unk_token": pieces[UNK_ID].text,
        "clean_up_tokenization_spaces": False,
        "model_max_length": seq_len,
        "split_special_tokens": True,
    }


def list_merges(pieces: list[Piece]) -> list[tuple[str, str]]:
    """Return every pair of pieces that joins into a piece, the first to be merged first.

    Among the pairs of one join, the shortest left part comes first.
    """
    joins = sorted((-piece.score, i) for i, piece in enumerate(pieces) if piece.kind is Kind.NORMAL)
    known = {spell(piece) for piece in pieces if piece.kind is Kind.NORMAL}
    return [pair for _, i in joins for pair in _splits(spell(pieces[i]), known)]


def spell(piece: Piece) -> str:
    """Return a piece as text has it, its spaces as spaces."""
    return piece.text.replace(SPACE_MARK, " ") if piece.kind in IN_TEXT else piece.text


def _splits(text: str, known: set[str]) -> Iterator[tuple[str, str]]:
    for at in range(1, len(text)):
        if text[:at] in known and text[at:] in known:
            yield text[:at], text[at:]


def _added(content: str) -> dict[str, Any]:
    return {
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def _begin_with(bos: str) -> dict[str, Any]:
    """Return what puts BOS before a text, and before each text of a pair."""
    begin = {"SpecialToken": {"id": bos, "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [begin, first],
        "pair": [begin, first, begin, second],
        "special_tokens": {bos: {"id": bos, "ids": [BOS_ID], "tokens": [bos]}},
    }
