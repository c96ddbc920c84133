"""Signs that a text is not written for anybody: characters thrown together, or tags alone."""

import numpy as np

from alm.corpus.filters.texts import Texts, share

LOWER, UPPER, DIGIT = 1, 2, 3
FEW = 16
LESS, GREATER = ord("<"), ord(">")


def _table() -> np.ndarray:
    table = np.zeros(256, np.uint8)
    table[0x61:0x7B], table[0x41:0x5B], table[0x30:0x3A] = LOWER, UPPER, DIGIT
    return table


KINDS = _table()
# Rows: kind of a character; columns: of the next one. A capital may begin a word.
IS_PAIR = np.array([[a > 0 and b > 0 for b in range(4)] for a in range(4)])
OPENS_TAG = (KINDS == LOWER) | (KINDS == UPPER)
OPENS_TAG[list(b"/!?")] = True
IS_CHANGE = np.array(
    [[a != b and a > 0 and b > 0 and (a, b) != (UPPER, LOWER) for b in range(4)] for a in range(4)]
)


def jumbled_pairs(texts: Texts) -> np.ndarray:
    """Return how often small letters, capitals and digits of ASCII take turns: ``(n,)`` float64.

    It is the share, among neighbours that are such characters, of those of different kinds, but
    for a small letter behind a capital, as if there were ``FEW`` neighbours of one kind besides:
    two or three prove nothing. Words have next to none and names in code few; 0.45 is usual for
    random characters, hexadecimal digits or base64.
    """
    kinds = KINDS[texts.data]
    pairs = kinds[:-1] << 2 | kinds[1:]
    changes = np.flatnonzero(IS_CHANGE.reshape(-1)[pairs])
    both = np.flatnonzero(IS_PAIR.reshape(-1)[pairs])
    return texts.count(changes) / (texts.count(both) + FEW)


def tag_characters(texts: Texts) -> np.ndarray:
    """Return the share of each text's bytes, spaces aside, that stand in tags: ``(n,)`` float64.

    A tag is what stands between ``<`` and the next ``>``, if no other ``<`` comes first and a
    letter, ``/``, ``!`` or ``?`` follows at once.
    """
    data = texts.data
    marks = np.flatnonzero((data == LESS) | (data == GREATER))
    opens = np.flatnonzero((data[marks[:-1]] == LESS) & (data[marks[1:]] == GREATER))
    opens = opens[OPENS_TAG[data[marks[opens] + 1]]]
    starts, stops = marks[opens], marks[opens + 1] + 1
    owners = np.searchsorted(texts.stops, starts)
    whole = stops <= texts.stops[owners]  # its end is not in another text
    inside = _count_ink(texts, starts[whole], stops[whole])
    total = np.bincount(owners[whole], inside, len(texts))  # exact: integers below 2**53
    return share(total, texts.n_ink)


def _count_ink(texts: Texts, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Return the bytes that are no spaces in disjoint, ascending stretches: int64."""
    if not len(starts):
        return np.zeros(0, np.int64)
    edges = np.column_stack([starts, stops]).reshape(-1)
    return np.add.reduceat(texts.classes > 0, edges, dtype=np.int64)[::2]
