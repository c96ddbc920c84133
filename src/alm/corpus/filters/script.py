"""Which script the letters of a text are of, by the ranges of UTF-8 alone.

Latin letters are those of ASCII, U+00C0 to U+024F and U+1E00 to U+1EFF. Other characters from
U+0080 on are letters too, except where a range holds none: U+0080 to U+00BF (signs of Latin-1),
U+2000 to U+2BFF (punctuation, arrows, mathematics, boxes), U+3000 to U+303F (punctuation of
Chinese and Japanese), U+FE00 to U+FE6F and U+FF00 to U+FF0F (their forms), U+E000 to U+F8FF
(private), and U+1F000 to U+1FFFF (pictures).
"""

import numpy as np

from alm.corpus.filters.texts import Texts, share

ASCII_LETTERS = [*range(0x41, 0x5B), *range(0x61, 0x7B)]
LATIN = ((0xC0, 0x24F), (0x1E00, 0x1EFF))
NO_LETTERS = (
    (0x80, 0xBF),
    (0x2000, 0x2BFF),
    (0x3000, 0x303F),
    (0xE000, 0xF8FF),
    (0xFE00, 0xFE6F),
    (0xFF00, 0xFF0F),
    (0x1F000, 0x1FFFF),
)
OTHER, IS_LATIN, NO_LETTER = 0, 1, 2


def latin_letters(texts: Texts) -> np.ndarray:
    """Return the share of Latin letters among the letters of each text: ``(n,)`` float64.

    A text without letters has a share of 1: it is not in another script.
    """
    leads = np.flatnonzero(texts.data >= 0xC0)
    kinds = _classify(decode_characters(texts.data, leads))
    ascii_letters = texts.histogram[:, ASCII_LETTERS].sum(axis=1)
    latin = ascii_letters + texts.count(leads[kinds == IS_LATIN])
    letters = latin + texts.count(leads[kinds == OTHER])
    return np.where(letters > 0, share(latin, letters), 1.0)


def decode_characters(data: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """Return the code point of each character of two bytes or more: int64.

    Args:
        data: valid UTF-8 and a newline: uint8.
        leads: positions of their first bytes.
    """
    lead = data[leads].astype(np.int64)
    points = lead & np.where(lead < 0xE0, 0x1F, np.where(lead < 0xF0, 0x0F, 0x07))
    for i, least in enumerate((0xC0, 0xE0, 0xF0), start=1):
        more = lead >= least
        inner = data[np.minimum(leads + i, len(data) - 1)] & np.uint8(0x3F)
        points = np.where(more, points << 6 | inner, points)
    return points


def _classify(points: np.ndarray) -> np.ndarray:
    kinds = np.full(len(points), OTHER, np.uint8)
    for kind, ranges in ((IS_LATIN, LATIN), (NO_LETTER, NO_LETTERS)):
        for low, high in ranges:
            kinds[(points >= low) & (points <= high)] = kind
    return kinds
