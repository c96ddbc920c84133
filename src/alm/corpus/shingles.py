"""Word n-grams of texts as hashes, many texts at once: what two texts are compared by.

A word is a longest run of ASCII letters, digits, ``_`` and bytes from 0x80 on, that is, of every
character outside ASCII; ASCII letters count in lower case. No table of Unicode has a say, since
such tables change with Python.

The hash of a word is the polynomial of its bytes at ``MULTIPLIER`` modulo 2^64, scrambled; that of
a shingle is the polynomial of its words' hashes, scrambled again. All words come out of one prefix
sum: (sum up to the end - sum up to the start) divided by the power of the start.

Reference: Karp & Rabin 1987, "Efficient randomized pattern-matching algorithms", for the
polynomial (modulo 2^64 here, no prime); Appleby 2011, MurmurHash3 ``fmix64``, for the scramble.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

BUFFER_BYTES = 1 << 17  # of text in one pass: its prefix sums still fit a core's own cache
MASK = (1 << 64) - 1
MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that it has an inverse; 2^64 over the golden ratio
INVERSE = pow(MULTIPLIER, -1, 1 << 64)

WORD_BYTES = b"0123456789_" + bytes(range(65, 91)) + bytes(range(97, 123)) + bytes(range(128, 256))
# What is no part of a word becomes 0.
TO_DIGITS = bytes(byte if byte in WORD_BYTES else 0 for byte in bytes(range(256)).lower())


@dataclass(frozen=True, slots=True)
class Shingles:
    """Shingles of texts, one text after the other, each text's in the order in which they stand."""

    hashes: U64
    """Of each shingle, shape (n_shingles,); one that stands twice in a text is there twice."""
    counts: I64
    """Shingles of each text, shape (n_texts,)."""


def shingle_texts(texts: Iterable[bytes], n_words: int) -> Shingles:
    """Return all runs of ``n_words`` words of texts in UTF-8.

    A text of fewer words has one shingle, of all of its words and nothing after them; a text
    without words has none. What comes out for a text does not depend on the other texts. Time is
    linear in the bytes; memory is that of the result and some buffers, however long a text is.
    """
    found = [_shingle_batch(batch, n_words) for batch in _batches(texts)]
    return Shingles(
        hashes=np.concatenate([each.hashes for each in found] or [np.empty(0, np.uint64)]),
        counts=np.concatenate([each.counts for each in found] or [np.empty(0, np.int64)]),
    )


def scramble(values: U64) -> U64:
    """Mix 64-bit integers in place, so that every bit depends on all; one-to-one (``fmix64``)."""
    shifted = np.empty_like(values)
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        values ^= np.right_shift(values, np.uint64(33), out=shifted)
        values *= np.uint64(multiplier)
    values ^= np.right_shift(values, np.uint64(33), out=shifted)
    return values


def _batches(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield texts in runs of about ``BUFFER_BYTES``; a longer text is a run by itself."""
    batch: list[bytes] = []
    n_bytes = 0
    for text in texts:
        if batch and n_bytes + len(text) >= BUFFER_BYTES:
            yield batch
            batch, n_bytes = [], 0
        batch.append(text)
        n_bytes += len(text) + 1
    if batch:
        yield batch


def _shingle_batch(texts: Sequence[bytes], n_words: int) -> Shingles:
    joined = b"\n".join(texts) + b"\n"  # so that every word has an end
    if len(joined) > BUFFER_BYTES:
        return _shingle_long(joined, n_words)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    words, starts = next(_hash_words(joined))
    stops = np.searchsorted(starts, np.cumsum(lengths + 1))
    return _hash_runs(words, np.diff(stops, prepend=0), n_words)


def _shingle_long(text: bytes, n_words: int) -> Shingles:
    """Do one text of several buffers, with the last words of each going before the next."""
    found: list[U64] = []
    words = np.empty(0, np.uint64)
    for more, _ in _hash_words(text):
        words = np.concatenate([words, more])
        if len(words) >= n_words:
            found.append(_hash_runs(words, np.array([len(words)]), n_words).hashes)
            words = words[len(words) - n_words + 1 :]
    if not found:
        found.append(_hash_runs(words, np.array([len(words)]), n_words).hashes)
    hashes = np.concatenate(found)
    return Shingles(hashes, np.array([len(hashes)]))


def _hash_words(data: bytes) -> Iterator[tuple[U64, I64]]:
    """Yield the hash of each word and the place of its first byte, a buffer at a time.

    The data must not end in a word. One that goes on in the next buffer comes with that one.
    """
    before, scale, unscale = 0, 1, 1  # the sum so far; MULTIPLIER to its length, and the inverse
    sums, places = np.empty(0, np.uint64), np.empty(0, np.int64)  # where a word has just begun
    inverses = np.empty(0, np.uint64)
    for first in range(0, len(data), BUFFER_BYTES):
        digits = np.frombuffer(data[first : first + BUFFER_BYTES].translate(TO_DIGITS), np.uint8)
        edges = _find_edges(digits, inside=len(sums) == 1)
        upto = _sum_up(digits)
        starts = edges[len(sums) :: 2]
        sums = np.concatenate([sums, upto[edges] * np.uint64(scale) + np.uint64(before)])
        places = np.concatenate([places, starts + first])
        inverses = np.concatenate([inverses, INVERSES[starts] * np.uint64(unscale)])
        n = len(sums) // 2  # words that have ended
        yield scramble((sums[1::2] - sums[: 2 * n : 2]) * inverses[:n]), places[:n]
        sums, places, inverses = sums[2 * n :], places[n:], inverses[n:]
        before = (before + scale * int(upto[-1])) & MASK
        scale = scale * pow(MULTIPLIER, BUFFER_BYTES, 1 << 64) & MASK
        unscale = unscale * pow(INVERSE, BUFFER_BYTES, 1 << 64) & MASK


def _sum_up(digits: NDArray[np.uint8]) -> U64:
    """Return the polynomial of the first k digits for k = 0 ... n, shape (n + 1,)."""
    upto = np.empty(len(digits) + 1, np.uint64)
    upto[0] = 0
    upto[1:] = digits
    upto[1:] *= POWERS[: len(digits)]
    return np.cumsum(upto, out=upto)


def _find_edges(digits: NDArray[np.uint8], *, inside: bool) -> I64:
    """Return where words begin and end by turns; ``inside`` says that one is going on before."""
    is_word = np.empty(len(digits) + 1, np.bool_)
    is_word[0] = inside
    np.not_equal(digits, 0, out=is_word[1:])
    return np.flatnonzero(is_word[1:] != is_word[:-1])


def _hash_runs(words: U64, counts: I64, n_words: int) -> Shingles:
    """Return the hashes of all runs of ``n_words`` words that lie within one text."""
    stops = np.cumsum(counts)
    n_places = max(len(words) - n_words + 1, 0)
    runs = _combine([words[k : k + n_places] for k in range(n_words)])
    within = np.ones(len(runs), np.bool_)
    for k in range(1, n_words):  # the last places of a text, whose runs would reach into the next
        places = stops - k
        within[places[(places >= 0) & (places < len(runs))]] = False
    short = (counts > 0) & (counts < n_words)
    n_runs = np.where(short, 1, np.maximum(counts - n_words + 1, 0))
    hashes = np.empty(n_runs.sum(), np.uint64)
    is_padded = np.zeros(len(hashes), np.bool_)
    is_padded[(np.cumsum(n_runs) - n_runs)[short]] = True
    hashes[~is_padded] = runs[within]
    hashes[is_padded] = _pad(words, (stops - counts)[short], counts[short], n_words)
    return Shingles(scramble(hashes), n_runs)


def _pad(words: U64, starts: I64, counts: I64, n_words: int) -> U64:
    """Return the polynomial of each short text's words, with zeros for those that it lacks."""
    padded = np.append(words, np.uint64(0))
    absent = len(words)
    return _combine([padded[np.where(k < counts, starts + k, absent)] for k in range(n_words)])


def _combine(columns: Sequence[U64]) -> U64:
    """Return the polynomial whose coefficients are the columns', the first the highest."""
    total = columns[0].copy()
    for column in columns[1:]:
        total *= np.uint64(MULTIPLIER)
        total += column
    return total


def _powers(base: int, n: int) -> U64:
    """Return base^0 ... base^(n - 1) modulo 2^64."""
    powers = np.ones(n, np.uint64)
    done = 1
    while done < n:
        step = np.uint64(pow(base, done, 1 << 64))
        powers[done : 2 * done] = powers[: min(done, n - done)] * step
        done *= 2
    return powers


POWERS = _powers(MULTIPLIER, BUFFER_BYTES)
INVERSES = _powers(INVERSE, BUFFER_BYTES)
