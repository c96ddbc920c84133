"""Which runs of words a text says again.

A longer run can only stand there twice where both shorter ones in it do, so each length looks only
at the places that the length before has left: few, in most texts.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from alm.corpus.filters.hashing import BASE, mix
from alm.corpus.filters.repeats import Repeats
from alm.corpus.filters.texts import share
from alm.corpus.filters.words import Words

SHORTEST, LONGEST = 2, 10


@dataclass(frozen=True)
class Ngrams:
    """Where runs of ``n`` words may stand that are repeated."""

    n: int
    places: np.ndarray
    """First word of each, ascending: int64."""
    hashes: np.ndarray
    """Of the run at each place: uint64."""

    @classmethod
    def single(cls, words: Words) -> Self:
        """Return all words as runs of one, equal ones of different texts told apart."""
        salted = mix(words.hashes ^ mix(words.texts.astype(np.uint64)))
        return cls(1, np.arange(len(words)), salted)

    @cached_property
    def repeats(self) -> Repeats:
        """The runs, equal ones together."""
        return Repeats.of(mix(self.hashes))

    def extend(self, singles: np.ndarray) -> Self:
        """Return the runs of one word more whose two parts are repeated.

        Args:
            singles: ``(w,)`` uint64: hash of each word.
        """
        repeated = self.repeats.is_repeated()
        places, hashes = self.places[repeated], self.hashes[repeated]
        on = places[1:] == places[:-1] + 1
        places = places[:-1][on]
        longer = hashes[:-1][on] * np.uint64(BASE) + singles[places + self.n]
        return type(self)(self.n + 1, places, longer)


class Repetition:
    """Repeated runs of words in each text, for every length from 2 to 10."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._runs = [Ngrams.single(words)]
        self._ends = np.concatenate([[0], np.cumsum(words.characters)])

    def top_ngram(self, n: int) -> np.ndarray:
        """Return the share of characters in each text's commonest run of n words: ``(n,)`` float64.

        Of equally common ones the longest counts, and one that stands there once is none. Where it
        overlaps itself, characters count more than once, up to a share of 1.
        """
        runs = self._get(n)
        groups = runs.repeats.sizes > 1
        places = runs.places[runs.repeats.places[runs.repeats.firsts[groups]]]
        characters = self._ends[places + n] - self._ends[places]
        best = np.zeros(len(self._words.per_text), np.int64)
        keys = (runs.repeats.sizes[groups] << 32) + characters  # compared by size first
        np.maximum.at(best, self._words.texts[places], keys)
        inside = (best >> 32) * (best & (1 << 32) - 1)
        return np.minimum(share(inside, self._words.characters_per_text), 1.0)

    def duplicate_ngrams(self, n: int) -> np.ndarray:
        """Return the share of characters in runs of n words that stood there before: float64.

        Each character counts once, and the first time that a run is said does not count.
        """
        runs = self._get(n)
        places = runs.places[runs.repeats.is_later()]
        depth = np.zeros(len(self._words) + 1, np.int8)
        depth[places] += 1  # the places differ from each other, and so do their ends
        depth[places + n] -= 1
        inside = np.cumsum(depth[:-1], dtype=np.int8) > 0
        found = self._words.sum_by_text(np.where(inside, self._words.characters, 0))
        return share(found, self._words.characters_per_text)

    def _get(self, n: int) -> Ngrams:
        singles = self._runs[0].hashes
        while len(self._runs) < n:
            self._runs.append(self._runs[-1].extend(singles))
        return self._runs[n - 1]
