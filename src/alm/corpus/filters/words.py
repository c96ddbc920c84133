"""Words of a buffer of texts: what stands between spaces."""

from functools import cached_property

import numpy as np

from alm.corpus.filters.hashing import hash_runs, mix
from alm.corpus.filters.texts import CLASSES, Texts

# Of each byte, to be hashed; a space weighs nothing.
WEIGHTS = np.where(CLASSES > 0, mix(np.arange(1, 257, dtype=np.uint64)), np.uint64(0))


class Words:
    """The words of all texts, in order. A word is a run of bytes that are no spaces."""

    def __init__(self, texts: Texts) -> None:
        self._of = texts
        inside = np.zeros(len(texts.data) + 1, np.int8)
        inside[1:] = texts.classes > 0
        edges = np.flatnonzero(inside[1:] != inside[:-1])  # a newline stands at the very end
        self.starts = edges[0::2]
        """``(w,)`` int64: first byte of each."""
        self.stops = edges[1::2]
        """``(w,)`` int64: one past its last byte."""
        self.per_text = texts.count(self.starts)
        """``(n,)`` int64: how many each text has."""
        self.texts = np.repeat(np.arange(len(texts)), self.per_text)
        """``(w,)`` int64: the text of each."""

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.starts)

    @cached_property
    def classes(self) -> np.ndarray:
        """Classes of bytes that occur in each, or-ed: ``(w,)`` uint8."""
        if not len(self):
            return np.zeros(0, np.uint8)
        return np.bitwise_or.reduceat(self._of.classes, self.starts)  # spaces behind it are 0

    @cached_property
    def characters(self) -> np.ndarray:
        """Length of each in characters: ``(w,)`` int64."""
        return self._of.count_characters(self.starts, self.stops)

    @cached_property
    def characters_per_text(self) -> np.ndarray:
        """Characters in the words of each text: ``(n,)`` int64."""
        return self.sum_by_text(self.characters)

    @cached_property
    def hashes(self) -> np.ndarray:
        """A key of each: ``(w,)`` uint64."""
        return hash_runs(self._of.data, self.starts, self.stops, WEIGHTS)

    def sum_by_text(self, amounts: np.ndarray) -> np.ndarray:
        """Add up integers, one a word, over each text: ``(n,)`` int64."""
        total = np.concatenate([[0], np.cumsum(amounts, dtype=np.int64)])
        stops = np.cumsum(self.per_text)
        return total[stops] - total[stops - self.per_text]
