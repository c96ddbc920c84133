"""What can be measured in a text, by name. The rules of ``params.yaml`` are limits on these.

Where a feature is a share of characters, only characters in words count: how a text is indented
changes nothing. Every feature is one division of exact counts, so its bits are the same on every
machine and however texts are laid into buffers.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

import numpy as np

from alm.corpus.filters.disorder import jumbled_pairs, tag_characters
from alm.corpus.filters.hashing import hash_runs
from alm.corpus.filters.repetition import Repetition
from alm.corpus.filters.script import latin_letters
from alm.corpus.filters.sentences import count_sentences
from alm.corpus.filters.stretches import Stretches, cut_stretches
from alm.corpus.filters.texts import CLASSES, DIGIT, LETTER, NEWLINE, Texts, share
from alm.corpus.filters.words import WEIGHTS, Words

BUFFER_BYTES = 1 << 18  # of texts that are measured together; a longer text is a buffer alone
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
ELLIPSIS = "\u2026".encode()
BULLETS = (b"-", "\u2022".encode())
TERMINAL = (
    *(bytes([byte]) for byte in b".?!\"'"),
    *map(str.encode, "\u2019\u201d\u2026\u3002\uff01\uff1f"),
)
SHORT_LINE = 30  # characters


class Measured:
    """A buffer of texts and what is known about it so far."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = Texts(texts)

    @cached_property
    def words(self) -> Words:
        """All words."""
        return Words(self.texts)

    @cached_property
    def lines(self) -> Stretches:
        """All lines that are not blank."""
        return cut_stretches(self.texts, self.words, newlines=1)

    @cached_property
    def paragraphs(self) -> Stretches:
        """All stretches between blank lines."""
        return cut_stretches(self.texts, self.words, newlines=2)

    @cached_property
    def repetition(self) -> Repetition:
        """Repeated runs of words."""
        return Repetition(self.words)

    def per_word(self, counts: np.ndarray) -> np.ndarray:
        """Divide by the number of words."""
        return share(counts, self.words.per_text)


def measure(texts: Sequence[str], names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return features of texts: ``(len(texts),)`` float64 by name, in the order of ``names``.

    Raises:
        KeyError: there is no such feature.
    """
    measured = Measured(texts)
    return {name: FEATURES[name](measured).astype(np.float64) for name in names}


def _bytes_share(classes: int, of: Measured) -> np.ndarray:
    """Return the share of bytes of some classes."""
    chosen = of.texts.histogram[:, (CLASSES & classes) > 0].sum(axis=1)
    return share(chosen, of.texts.stops - of.texts.starts)


def _white_space(of: Measured) -> np.ndarray:
    n_bytes = of.texts.stops - of.texts.starts
    return share(n_bytes - of.texts.n_ink, n_bytes)


def _symbols_per_word(of: Measured) -> np.ndarray:
    """Return hashes or ellipses per word, whichever are more. Three dots or more are one."""
    data = of.texts.data
    dots = np.flatnonzero(data == ord("."))
    starts = dots[of.texts.match(dots, b"...") & (data[dots - 1] != ord("."))]
    points = np.flatnonzero(data == ELLIPSIS[-1])
    points = points[of.texts.match(points - 2, ELLIPSIS)]
    ellipses = of.texts.count(starts) + of.texts.count(points)
    return of.per_word(np.maximum(of.texts.histogram[:, ord("#")], ellipses))


def _alphabetic_words(of: Measured) -> np.ndarray:
    return of.per_word(of.words.sum_by_text(of.words.classes & LETTER))


def _stop_words(of: Measured) -> np.ndarray:
    """Return how many different stop words there are, in small letters and without punctuation."""
    found = [of.words.hashes == _hash_word(word) for word in STOP_WORDS]
    return np.sum([of.words.sum_by_text(each) > 0 for each in found], axis=0)


def _hash_word(word: str) -> np.uint64:
    data = np.frombuffer(word.encode(), np.uint8)
    return hash_runs(data, np.zeros(1, np.int64), np.full(1, len(data)), WEIGHTS)[0]


def _ascii_word_length(of: Measured) -> np.ndarray:
    lengths = of.words.stops - of.words.starts
    plain = lengths == of.words.characters
    return share(of.words.sum_by_text(np.where(plain, lengths, 0)), of.words.sum_by_text(plain))


FEATURES: dict[str, Callable[[Measured], np.ndarray]] = {
    "words": lambda of: of.words.per_text,
    "mean_word_length": lambda of: of.per_word(of.words.characters_per_text),
    "symbols_per_word": _symbols_per_word,
    "alphabetic_words": _alphabetic_words,
    "stop_words": _stop_words,
    "letters": partial(_bytes_share, LETTER),
    "digits": partial(_bytes_share, DIGIT),
    "white_space": _white_space,
    "lines": lambda of: of.lines.per_text,
    "bullet_lines": lambda of: of.lines.share(of.lines.begin_with(*BULLETS)),
    "ellipsis_lines": lambda of: of.lines.share(of.lines.end_with(b"...", ELLIPSIS)),
    "punctuated_lines": lambda of: of.lines.share(of.lines.end_with(*TERMINAL)),
    "short_lines": lambda of: of.lines.share(of.lines.characters() <= SHORT_LINE),
    "newlines_per_word": lambda of: of.per_word(of.texts.histogram[:, NEWLINE]),
    "duplicate_lines": lambda of: of.lines.share(of.lines.duplicates),
    "duplicate_line_characters": lambda of: of.lines.duplicate_characters(),
    "duplicate_paragraphs": lambda of: of.paragraphs.share(of.paragraphs.duplicates),
    "duplicate_paragraph_characters": lambda of: of.paragraphs.duplicate_characters(),
    **{f"top_{n}gram_characters": lambda of, n=n: of.repetition.top_ngram(n) for n in (2, 3, 4)},
    **{
        f"duplicate_{n}gram_characters": lambda of, n=n: of.repetition.duplicate_ngrams(n)
        for n in range(5, 11)
    },
    "sentences": lambda of: count_sentences(of.texts, of.lines),
    "curly_brackets": lambda of: of.texts.histogram[:, ord("{")],
    "lorem_ipsum": lambda of: of.texts.count(of.texts.find(b"lorem ipsum")),
    "latin_letters": lambda of: latin_letters(of.texts),
    "ascii_word_length": _ascii_word_length,
    "jumbled_pairs": lambda of: jumbled_pairs(of.texts),
    "tag_characters": lambda of: tag_characters(of.texts),
}
