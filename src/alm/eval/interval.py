"""How sure a number is that was measured on a sample of documents.

A corpus' held-out documents are a sample of the texts that might have been held out. The bootstrap
draws as many documents again from those that there are, with repetition, and looks how far the
number moves. Documents are drawn, not bytes, since the bytes of one document are alike.

The draws are a function of how many documents each source has and of its place among the sources,
and all sums are of integers: an interval has the same digits on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alm.eval.bits_per_byte import bits_per_byte

DRAWS = 1000
TAIL = 25  # draws below and above the interval: 2.5 % each of 1,000
UNIT = 2.0**-24  # of a nat, in which costs are counted
GROUP_BITS = 48  # numbers kept for the draws of one group
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class Costs:
    """What coding each of some documents takes: (n,) nats and (n,) bytes of text."""

    nats: np.ndarray
    bytes: np.ndarray

    @classmethod
    def of(cls, nats: Sequence[float], n_bytes: Sequence[int]) -> "Costs":
        """Take the costs of documents in one order."""
        return cls(np.asarray(nats, np.float64), np.asarray(n_bytes, np.int64))


def interval(groups: Sequence[Costs]) -> tuple[float, float] | None:
    """Return the 95 % interval of the bits per byte of all documents.

    None where no source has two documents.

    Args:
        groups: the documents of each source. Each source keeps its number of documents in every
            draw, as the sources of a corpus are chosen and not drawn.

    Reference:
        Efron 1979 (Annals of Statistics 7), section 2: the bootstrap; the interval is between
        quantiles of the draws. Bits per byte are a ratio of two sums, drawn together.
    """
    if max((len(each.nats) for each in groups), default=0) < 2:
        return None
    drawn = [_draw_sums(each, number) for number, each in enumerate(groups)]
    nats, n_bytes = (sum(parts) for parts in zip(*drawn, strict=True))
    bits = np.sort([bits_per_byte(n * UNIT, int(b)) for n, b in zip(nats, n_bytes, strict=True)])
    return float(bits[TAIL]), float(bits[-1 - TAIL])


def _draw_sums(costs: Costs, group: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nats, in units, and bytes of each draw: (DRAWS,) int64 each."""
    units = np.rint(costs.nats / UNIT).astype(np.int64)
    rows = [draw_documents(len(units), draw, group) for draw in range(DRAWS)]
    nats = np.array([units[row].sum() for row in rows])
    return nats, np.array([costs.bytes[row].sum() for row in rows])


def draw_documents(n: int, draw: int, group: int) -> np.ndarray:
    """Return ``n`` indices in [0, n), drawn with repetition, apart for each group: (n,) int64.

    Reference:
        Steele, Lea and Flood 2014 (OOPSLA), figure 15: SplitMix64, here by counter. The index is
        the word's share of 2^64 times n (Lemire 2019, arXiv:1805.10941, without its correction:
        the bias is below n / 2^32).
    """
    first = (group << GROUP_BITS) + draw * n + 1
    counter = np.arange(first, first + n, dtype=np.uint64)
    word = counter * _GOLDEN
    word = (word ^ (word >> np.uint64(30))) * _MIX[0]
    word = (word ^ (word >> np.uint64(27))) * _MIX[1]
    word ^= word >> np.uint64(31)
    return ((word >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int64)
