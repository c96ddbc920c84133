"""Where text may be cut so that its parts have the tokens of the whole.

Byte-pair encoding starts from single characters and joins two neighbours only where what they spell
together is a piece. Two bytes that stand next to each other inside no piece are therefore never
joined, whatever surrounds them, and what happens on one side of such a place is the same with or
without the other side. A table of 256 x 256 says for every pair of bytes whether it is one. It
follows from the vocabulary alone, so it holds for models that others have trained, too.

Not every model encodes by these rules alone; :func:`why_uncuttable` knows those that do not.
"""

import math
from itertools import pairwise, product

import numpy as np

from alm.tokenizer.model_proto import Kind, Piece, Settings
from alm.tokenizer.words import SPACE_MARK

SPELLINGS = {space: (b" ", SPACE_MARK.encode()) for space in (" ", SPACE_MARK)}
IN_NO_TEXT = (Kind.UNKNOWN, Kind.CONTROL, Kind.BYTE)  # no text is matched with these
SPACE, NEWLINE, TAB = b" \n\t"


def why_uncuttable(pieces: list[Piece], settings: Settings) -> str | None:
    """Return what stands against cutting the text of a model, or None where nothing does.

    Reference:
        SentencePiece 0.2.1: ``bpe_model.cc`` (merging), ``normalizer.cc`` (prefix, spaces, rules),
        ``sentencepiece_processor.cc`` (a run of unknown characters becomes one id).
    """
    objections = {
        "it is no BPE model: what a unigram model does at one place depends on the whole text": (
            not settings.is_bpe
        ),
        "its normalisation may rewrite several characters at once": settings.rewrites_characters,
        "it puts a space before every text": settings.adds_prefix,
        "it removes outer and doubled spaces": settings.removes_spaces,
        "it does not write spaces as U+2581": not settings.escapes_spaces,
        "without bytes to fall back on, a run of unknown characters becomes one id": (
            not settings.has_byte_fallback
        ),
        "it has unused pieces, and how they are taken apart depends on the whole text": any(
            piece.kind is Kind.UNUSED for piece in pieces
        ),
        "it has a score that is no number, so its merges have no order": not all(
            math.isfinite(piece.score) for piece in pieces
        ),
    }
    return next((reason for reason, stands in objections.items() if stands), None)


def find_cuts(pieces: list[Piece]) -> np.ndarray:
    """Return where a cut is sound: bool ``(65536,)``, indexed by ``256 * byte + next byte``.

    A character is never cut. A space in a piece stands for a space or for U+2581 in a text.
    """
    cuts = np.ones((256, 256), dtype=bool)
    cuts[:, 0x80:0xC0] = False  # continuation bytes of UTF-8
    texts = [piece.text for piece in pieces if piece.kind not in IN_NO_TEXT]
    for pair in sorted({pair for text in texts for pair in pairwise(text)}):
        for first, second in product(*(SPELLINGS.get(c, (c.encode(),)) for c in pair)):
            cuts[first[-1], second[0]] = False
    return cuts.ravel()


def keep_words(cuts: np.ndarray) -> np.ndarray:
    """Return those of ``cuts`` that lie at the edge of a word: before spaces, around line ends."""
    edges = np.zeros((256, 256), dtype=bool)
    edges[:, [SPACE, TAB, NEWLINE]] = True
    edges[[TAB, NEWLINE], :] = True
    edges[SPACE, SPACE] = False
    return cuts & edges.ravel()
