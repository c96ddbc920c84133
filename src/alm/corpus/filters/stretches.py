"""Stretches of words that newlines part: lines and paragraphs. Blank ones do not count."""

import functools
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from alm.corpus.filters.hashing import hash_runs, mix
from alm.corpus.filters.repeats import Repeats
from alm.corpus.filters.texts import NEWLINE, Texts, share
from alm.corpus.filters.words import Words


class Stretches:
    """Lines or paragraphs of all texts, in order.

    Two are equal when their words are: the spaces between do not count, here or in their length.

    Args:
        texts: the buffer.
        words: what they consist of.
        firsts: first word of each, ascending from 0.
    """

    def __init__(self, texts: Texts, words: Words, firsts: np.ndarray) -> None:
        self._of = texts
        self.words = words
        self.firsts = firsts
        self.stops = np.append(firsts[1:], len(words))[: len(firsts)]
        """One past the last word of each."""
        self.texts = words.texts[firsts]
        self.per_text = np.bincount(self.texts, minlength=len(words.per_text))

    @cached_property
    def n_words(self) -> np.ndarray:
        """Words of each: int64."""
        return self.stops - self.firsts

    @cached_property
    def first_bytes(self) -> np.ndarray:
        """Where each begins in the buffer: int64."""
        return self.words.starts[self.firsts]

    @cached_property
    def last_bytes(self) -> np.ndarray:
        """One past where each ends, without the spaces behind it: int64."""
        return self.words.stops[self.stops - 1]

    def characters(self) -> np.ndarray:
        """Length of each in characters, the spaces within it among them: int64."""
        return self._of.count_characters(self.first_bytes, self.last_bytes)

    def begin_with(self, *marks: bytes) -> np.ndarray:
        """Tell of each whether it begins with one of some marks: bool."""
        return _any(self._of.match(self.first_bytes, mark) for mark in marks)

    def end_with(self, *marks: bytes) -> np.ndarray:
        """Tell of each whether it ends with one of some marks: bool."""
        return _any(self._of.match(self.last_bytes - len(mark), mark) for mark in marks)

    def share(self, chosen: np.ndarray) -> np.ndarray:
        """Return which part of each text's stretches is chosen: ``(n,)`` float64."""
        return share(np.bincount(self.texts[chosen], minlength=len(self.per_text)), self.per_text)

    @cached_property
    def duplicates(self) -> np.ndarray:
        """Whether an equal one stands before it in the same text: bool."""
        hashes = hash_runs(self.words.hashes, self.firsts, self.stops)
        return Repeats.of(mix(hashes ^ mix(self.texts.astype(np.uint64)))).is_later()

    def duplicate_characters(self) -> np.ndarray:
        """Return the share of each text's characters that stand in duplicates: float64."""
        inside = np.repeat(self.duplicates, self.n_words)
        found = self.words.sum_by_text(np.where(inside, self.words.characters, 0))
        return share(found, self.words.characters_per_text)


def cut_stretches(texts: Texts, words: Words, newlines: int) -> Stretches:
    """Cut texts where that many newlines or more part two words: 1 for lines, 2 for paragraphs."""
    n_before = np.searchsorted(words.starts, np.flatnonzero(texts.data == NEWLINE))
    breaks = np.bincount(n_before, minlength=len(words) + 1)[: len(words)] >= newlines
    first_of_text = np.flatnonzero(np.diff(words.texts, prepend=-1))
    breaks[first_of_text] = True
    return Stretches(texts, words, np.flatnonzero(breaks))


def _any(found: Iterable[np.ndarray]) -> np.ndarray:
    return functools.reduce(np.logical_or, found)
