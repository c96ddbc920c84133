"""How much of a sample was copied: its longest run of tokens that the training text contains.

Exact, in one pass over the stream and in bounded memory. Hashes of windows find candidates, the
tokens themselves confirm them. The pass remembers the longest run so far and asks each piece of the
stream only for a longer one, so nearly every piece is hashed once, at one length, instead of once
for every step of a binary search.
"""

from collections.abc import Sequence

import numpy as np

from alm.data import TokenStream

PIECE = 1 << 16  # tokens hashed at once: what a core's own cache holds
_BASE = 0x9E3779B97F4A7C15  # odd, so that a product with it loses no bit


def longest_runs(samples: Sequence[Sequence[int]], stream: TokenStream) -> list[int]:
    """Return, for each sample, how many of its tokens in a row occur anywhere in the stream."""
    arrays = [np.asarray(sample, dtype=np.uint64) for sample in samples]
    best = [0] * len(arrays)
    overlap = max([1, *map(len, arrays)]) - 1
    for start in range(0, stream.n_tokens, PIECE):
        stop = min(start + PIECE + overlap, stream.n_tokens)
        piece = stream.read(start, stop).astype(np.uint64)
        best = [_lengthen(run, sample, piece) for run, sample in zip(best, arrays, strict=True)]
    return best


def window_hashes(tokens: np.ndarray, width: int) -> np.ndarray:
    """Return one hash per window of ``width`` tokens: equal windows have equal hashes.

    The hash of a window is the polynomial ``sum token_j * BASE**(width - 1 - j)`` modulo 2**64,
    joined from its two halves, so that it takes about ``log2(width)`` steps.

    Reference:
        Karp and Rabin 1987, with a power of two for their prime: its collisions cost a comparison
        here, never a wrong answer.
    """
    if width == 1:
        return tokens
    if width % 2:
        return _join(window_hashes(tokens, width - 1), width - 1, tokens, 1)
    half = window_hashes(tokens, width // 2)
    return _join(half, width // 2, half, width // 2)


def _join(left: np.ndarray, left_width: int, right: np.ndarray, right_width: int) -> np.ndarray:
    """Return the hashes of windows that are one of ``left`` followed by one of ``right``."""
    n_windows = len(right) - left_width
    power = np.uint64(pow(_BASE, right_width, 1 << 64))
    return left[:n_windows] * power + right[left_width:]


def _lengthen(best: int, sample: np.ndarray, piece: np.ndarray) -> int:
    """Return the longest run that sample and piece share, but ``best`` where that is longer."""
    while best < min(len(sample), len(piece)) and (longer := _find(sample, piece, best + 1)):
        best = longer
    return best


def _find(sample: np.ndarray, piece: np.ndarray, width: int) -> int:
    """Find one common run of at least ``width`` tokens; return its full length, 0 if none."""
    found, wanted = window_hashes(piece, width), window_hashes(sample, width)
    for at in np.flatnonzero(np.isin(found, wanted)):
        for offset in np.flatnonzero(wanted == found[at]):
            run = _common_length(sample[offset:], piece[at:])
            if run >= width:
                return run
    return 0


def _common_length(a: np.ndarray, b: np.ndarray) -> int:
    """Return how many tokens two arrays begin with in common."""
    n = min(len(a), len(b))
    differ = np.flatnonzero(a[:n] != b[:n])
    return int(differ[0]) if len(differ) else n
