"""64-bit hashes of runs of bytes and runs of words, many at a time, the same on every machine.

A run ``x_0 ... x_n`` hashes to ``sum x_i P**i`` modulo 2**64 with an odd ``P``. Over a whole buffer
that is one multiplication by a table; times the inverse power of where a run starts, its sum says
no more where that was.
"""

from functools import cache

import numpy as np

MODULUS = 1 << 64
BASE = 0x9E3779B97F4A7C15  # P; odd, so it has an inverse
BLOCK = 1 << 16  # values that are weighed at a time, to stay in the processor's cache


def mix(keys: np.ndarray) -> np.ndarray:
    """Scramble each key (uint64) so that every bit depends on all of its bits.

    Reference:
        Appleby 2011, MurmurHash3, fmix64.
    """
    mixed = keys ^ (keys >> np.uint64(33))
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return mixed


@cache
def powers(base: int, n: int) -> np.ndarray:
    """Return ``base**i`` modulo 2**64 for i below ``n``: ``(n,)`` uint64."""
    table = np.ones(n, np.uint64)
    known, factor = 1, base % MODULUS
    while known < n:
        more = min(known, n - known)
        table[known : known + more] = table[:more] * np.uint64(factor)
        factor = factor * factor % MODULUS
        known += more
    table.flags.writeable = False
    return table


def hash_runs(
    values: np.ndarray, starts: np.ndarray, stops: np.ndarray, table: np.ndarray | None = None
) -> np.ndarray:
    """Hash disjoint runs of values: equal runs get equal keys, wherever they stand.

    Args:
        values: ``(n,)`` uint64, or places in ``table``.
        starts: ``(r,)`` where each run begins, ascending.
        stops: ``(r,)`` one past where it ends, none empty; what lies between two runs weighs 0.
        table: uint64, what each value weighs.

    Returns:
        ``(r,)`` uint64.
    """
    hashes = np.zeros(len(starts), np.uint64)
    begins = np.arange(0, len(values), BLOCK)
    first = np.searchsorted(stops, begins, side="right")
    last = np.searchsorted(starts, begins + BLOCK)
    step = powers(pow(BASE, BLOCK, MODULUS), 1 << len(begins).bit_length())
    for begin, i, j, factor in zip(begins, first, last, step, strict=False):
        if i < j:
            block = values[begin : begin + BLOCK]
            weighed = block if table is None else table[block]
            weighed = weighed * powers(BASE, BLOCK)[: len(block)]
            places = np.maximum(starts[i:j] - begin, 0)  # one that began earlier goes on at 0
            hashes[i:j] += np.add.reduceat(weighed, places) * factor
    back = powers(pow(BASE, -1, MODULUS), BLOCK)
    leap = powers(pow(BASE, -BLOCK, MODULUS), len(step))
    return mix(hashes * back[starts % BLOCK] * leap[starts // BLOCK])
