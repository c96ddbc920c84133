"""Sentences that a web page would be left with after C4's rules for lines.

Reference:
    Raffel et al. 2020, Exploring the limits of transfer learning with a unified text-to-text
    transformer, section 2.2; the longest word and the phrases about cookies are from their code
    (tensorflow_datasets, c4_utils.py). We depart: documents are dropped, lines never are, so what
    counts is how many sentences the dropped lines would have left. A sentence ends where a word
    does in a full stop, question or exclamation mark. There is no list of bad words.
"""

import numpy as np

from alm.corpus.filters.stretches import Stretches
from alm.corpus.filters.texts import Texts

LINE_ENDS = b".?!\"'"
SENTENCE_ENDS = b".?!"
CLOSING = b"\"')]"
LEAST_WORDS = 3  # of a line
LONGEST_WORD = 1000  # characters
PHRASES = (
    b"javascript",
    b"terms of use",
    b"privacy policy",
    b"cookie policy",
    b"uses cookies",
    b"use of cookies",
    b"use cookies",
)


def count_sentences(texts: Texts, lines: Stretches) -> np.ndarray:
    """Return the sentences in those lines of each text that C4 keeps: ``(n,)`` int64."""
    if not len(lines.firsts):
        return np.zeros(len(texts), np.int64)
    ends = np.add.reduceat(_end_sentence(texts, lines.words.stops), lines.firsts, dtype=np.int64)
    kept = np.where(_are_kept(texts, lines), np.maximum(ends, 1), 0)
    total = np.concatenate([[0], np.cumsum(kept)])
    stops = np.cumsum(lines.per_text)
    return total[stops] - total[stops - lines.per_text]


def _end_sentence(texts: Texts, stops: np.ndarray) -> np.ndarray:
    """Tell of each word whether it ends in a sentence's mark, a closing one after it or not."""
    last, before = texts.data[stops - 1], texts.data[stops - 2]
    return _among(last, SENTENCE_ENDS) | (_among(last, CLOSING) & _among(before, SENTENCE_ENDS))


def _are_kept(texts: Texts, lines: Stretches) -> np.ndarray:
    longest = np.maximum.reduceat(lines.words.characters, lines.firsts)
    kept = (lines.n_words >= LEAST_WORDS) & (longest <= LONGEST_WORD)
    kept &= _among(texts.data[lines.last_bytes - 1], LINE_ENDS) & ~lines.end_with(b"...")
    for phrase in PHRASES:
        kept[np.searchsorted(lines.first_bytes, texts.find(phrase), side="right") - 1] = False
    return kept


def _among(data: np.ndarray, members: bytes) -> np.ndarray:
    table = np.zeros(256, bool)
    table[list(members)] = True
    return table[data]
