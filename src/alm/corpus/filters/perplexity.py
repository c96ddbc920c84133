"""How strange a text is to a small model of another: bits per byte under byte 5-grams.

Counts are hashed into tables of fixed size, so memory does not depend on the text; n-grams that
share a slot are taken for one. A score has no logarithm of the machine's in it but whole numbers
out of a table, 2**-20 of a bit each, and so is the same everywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log2
from typing import Self

import numpy as np

from alm.corpus.filters.hashing import BASE
from alm.errors import InputError

ORDER = 5
SLOT_BITS = 22  # of a table; orders 1 and 2 need fewer
ONE_BIT = 1 << 20  # what a score counts in
MANTISSA_BITS = 12
SYMBOLS = 256
GAP = bytes(ORDER - 1)  # after each text, so that no context reaches into another one
PIECE_BYTES = 1 << 20  # counted at a time: bounds memory, changes no count


@dataclass(frozen=True)
class ByteModel:
    """Witten-Bell interpolation over bytes.

    ``p_k(w | h) = (c(hw) + T(h) p_{k-1}(w | h')) / (c(h) + T(h))``, where ``c`` counts, ``T(h)`` is
    how many different bytes followed ``h``, ``h'`` drops the oldest byte of ``h``, and ``p_0`` is
    uniform over 256 bytes. An unseen ``h`` leaves ``p_{k-1}`` as it is.

    Reference:
        Witten and Bell 1991, The zero-frequency problem, IEEE Transactions on Information Theory
        37 (method C); interpolated as in Chen and Goodman 1999, An empirical study of smoothing
        techniques for language modeling, section 2. We depart by hashing: a shared slot may count
        too much, so a probability is held to 1 and those of all bytes need not add up to 1. NUL
        stands for the gap between texts.
    """

    counts: tuple[np.ndarray, ...]
    """``c`` by order from 0, by slot: uint32."""
    kinds: tuple[np.ndarray, ...]
    """``T`` by length of context from 0, by slot: uint32."""

    @classmethod
    def fit(cls, texts: Iterable[bytes]) -> Self:
        """Count the n-grams of texts, none of them empty.

        Raises:
            InputError: there is no text.
        """
        grams, times = _count_grams(texts)
        if not len(grams):
            raise InputError("expected text to learn from, found none")
        counts, kinds = [], []
        for order in range(ORDER, 0, -1):
            counts.append(_tally(grams, times, order))
            contexts = grams >> np.uint64(8)
            kinds.append(_tally(contexts, np.ones_like(times), order - 1))
            shorter = grams & np.uint64((1 << 8 * (order - 1)) - 1)
            grams, times = _sum_by(shorter, times)
        counts.append(times.astype(np.uint32))
        return cls(tuple(reversed(counts)), tuple(reversed(kinds)))

    def score(self, texts: Sequence[bytes]) -> np.ndarray:
        """Return the bits per byte of texts, none of them empty, in 2**-20: ``(n,)`` int64.

        What comes out for a text does not depend on its neighbours. Memory is some hundred bytes
        per byte of text.
        """
        data = _join(texts)
        bits = _to_bits(self._predict(data))
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        starts = np.cumsum(lengths + len(GAP)) - lengths - len(GAP)
        edges = np.column_stack([starts, starts + lengths]).reshape(-1)
        sums = np.add.reduceat(bits, edges)[::2]
        return sums // lengths

    def _predict(self, data: np.ndarray) -> np.ndarray:
        """Return the probability of each byte after those before it: float64."""
        p = np.full(len(data), 1 / SYMBOLS)
        context = np.zeros(len(data), np.int64)  # slots
        for order in range(1, ORDER + 1):
            slots = _find_slots(_pack(data, order), order)
            n, kinds = self.counts[order - 1][context], self.kinds[order - 1][context]
            sharper = (self.counts[order][slots] + kinds * p) / np.maximum(n + kinds, 1)
            p = np.where(n > 0, np.minimum(sharper, 1.0), p)
            context = np.concatenate([[0], slots[:-1]])
        return p


def find_cut(scores: np.ndarray, max_percentile: float) -> int:
    """Return the score at a percentile of int64 scores; those that equal it are kept too."""
    rank = max(ceil(Fraction(max_percentile) / 100 * len(scores)), 1)
    return int(np.partition(scores, rank - 1)[rank - 1])


def _count_grams(texts: Iterable[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return the different 5-grams, ascending, and how often each is there."""
    grams, times = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for piece in _gather(texts):
        more, n = np.unique(_pack(_join(piece), ORDER), return_counts=True)
        grams, times = _sum_by(np.concatenate([grams, more]), np.concatenate([times, n]))
    return grams, times


def _gather(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    piece, size = [], 0
    for text in texts:
        piece.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _join(texts: Iterable[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(text + GAP for text in texts), np.uint8)


def _pack(data: np.ndarray, order: int) -> np.ndarray:
    """Return the n-gram that ends at each byte, the newest byte lowest: uint64."""
    packed = data.astype(np.uint64)
    for i in range(1, order):
        packed[i:] |= data[:-i].astype(np.uint64) << np.uint64(8 * i)
    return packed


def _find_slots(grams: np.ndarray, order: int) -> np.ndarray:
    """Return where an n-gram is counted: int64."""
    if 8 * order <= SLOT_BITS:
        return grams.astype(np.int64)
    return (grams * np.uint64(BASE) >> np.uint64(64 - SLOT_BITS)).astype(np.int64)


def _tally(grams: np.ndarray, amounts: np.ndarray, order: int) -> np.ndarray:
    """Add up amounts by slot."""
    table = np.zeros(1 << min(8 * order, SLOT_BITS), np.uint32)
    np.add.at(table, _find_slots(grams, order), amounts.astype(np.uint32))
    return table


def _sum_by(keys: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different keys, ascending, and the sum of the amounts under each."""
    order = np.argsort(keys, kind="stable")
    keys, amounts = keys[order], amounts[order]
    firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[firsts], np.add.reduceat(amounts, firsts) if len(firsts) else amounts


def _to_bits(p: np.ndarray) -> np.ndarray:
    """Return -log2 of probabilities in 2**-20 of a bit, to three decimal places: int64."""
    mantissa, exponent = np.frexp(p)  # exact; the mantissa is in [1/2, 1)
    row = (mantissa * (2 << MANTISSA_BITS)).astype(np.int64) - (1 << MANTISSA_BITS)
    return np.maximum(BITS[row] - exponent.astype(np.int64) * ONE_BIT, 0)


BITS = np.array(
    [
        round(-log2((row + 0.5) / (2 << MANTISSA_BITS)) * ONE_BIT)
        for row in range(1 << MANTISSA_BITS, 2 << MANTISSA_BITS)
    ]
)
