"""A buffer of many texts, seen as bytes: their classes, and how many of each a text has.

There are no Unicode tables here, because they change with Python: a byte from 0x80 on is a letter,
and only tab, newline, return and blank are spaces.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

NEWLINE = 10
SPACES = b"\t\n\r "
LETTER, DIGIT, SYMBOL = 1, 2, 4  # classes of bytes; a space has none
BLOCK = 1 << 16  # bytes that are counted at a time


def _classify() -> np.ndarray:
    classes = np.full(256, SYMBOL, np.uint8)
    classes[list(SPACES)] = 0
    classes[0x30:0x3A] = DIGIT
    classes[0x41:0x5B] = classes[0x61:0x7B] = classes[0x80:] = LETTER
    return classes


CLASSES = _classify()


class Texts:
    """Texts laid one behind the other, a newline after each.

    What is asked for is computed once. Memory is some fifteen bytes per byte of text, however it
    is divided into texts.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8") for text in texts]
        self.bytes = b"\n".join([*encoded, b""])
        self.data = np.frombuffer(self.bytes, np.uint8)
        """``(L,)`` uint8."""
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self.stops = np.cumsum(lengths + 1) - 1
        """``(n,)`` int64: one past each text's last byte, where its newline stands."""
        self.starts = self.stops - lengths

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.starts)

    @cached_property
    def classes(self) -> np.ndarray:
        """Class of each byte: ``(L,)`` uint8."""
        return CLASSES[self.data]

    @cached_property
    def histogram(self) -> np.ndarray:
        """How often each byte occurs in each text: ``(n, 256)`` int64."""
        counts = np.zeros((len(self), 256), np.int64)
        for begin in range(0, len(self.data), BLOCK):
            block = self.data[begin : begin + BLOCK]
            first, last = np.searchsorted(self.stops, [begin, begin + len(block) - 1])
            shares = np.diff(np.minimum(self.stops[first:last] + 1 - begin, BLOCK), prepend=0)
            shares = np.append(shares, len(block) - shares.sum())
            keys = np.repeat(np.arange(0, len(shares) * 256, 256), shares) + block
            found = np.bincount(keys, minlength=len(shares) * 256)
            counts[first : last + 1] += found.reshape(-1, 256)
        counts[:, NEWLINE] -= 1
        return counts

    @cached_property
    def n_ink(self) -> np.ndarray:
        """Bytes of each text that are no spaces: ``(n,)`` int64."""
        return self.histogram[:, CLASSES > 0].sum(axis=1)

    @cached_property
    def inner_bytes(self) -> np.ndarray:
        """Where bytes stand that do not begin a character: int64."""
        return np.flatnonzero((self.data & 0xC0) == 0x80)

    def count(self, positions: np.ndarray) -> np.ndarray:
        """Return how many of some ascending positions lie in each text: ``(n,)`` int64."""
        return count_between(positions, self.starts, self.stops)

    def count_characters(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Return how many characters begin in each stretch of bytes: int64."""
        return stops - starts - count_between(self.inner_bytes, starts, stops)

    def match(self, positions: np.ndarray, mark: bytes) -> np.ndarray:
        """Tell where some bytes stand; one position reaches at most one byte beyond a text: bool.

        Args:
            positions: ``(p,)`` int64; one before the buffer wraps round to the last newline.
            mark: bytes, none of them a newline.
        """
        last = len(self.data) - 1
        found = np.ones(len(positions), bool)
        for i, byte in enumerate(mark):
            found &= self.data[np.minimum(positions + i, last)] == byte
        return found

    def find(self, phrase: bytes) -> np.ndarray:
        """Return where a phrase begins, without overlaps; ASCII letters match in either case."""
        found, at = [], self._lower_case.find(phrase)
        while at >= 0:
            found.append(at)
            at = self._lower_case.find(phrase, at + len(phrase))
        return np.array(found, np.int64)

    @cached_property
    def _lower_case(self) -> bytes:
        return self.bytes.lower()  # of bytes: ASCII alone


def count_between(positions: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Return how many of some ascending positions lie in each ``[start, stop)``: int64."""
    if not len(positions):
        return np.zeros(len(starts), np.int64)
    return np.searchsorted(positions, stops) - np.searchsorted(positions, starts)


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; a whole of nothing counts as 1: float64."""
    return part / np.maximum(whole, 1)
