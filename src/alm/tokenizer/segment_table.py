"""A hash table of short byte strings, looked up by the hundred thousand at once.

The key is the string itself, padded to 32 bytes of which the last holds the length: two strings are
never taken for one, which a hash alone, of any width, could not promise for text made to deceive.
"""

import numpy as np

LONGEST = 31
"""Bytes of the longest string that fits."""
KEY_BYTES = LONGEST + 1
N_WORDS = KEY_BYTES // 8
LOAD = 2  # slots for each string, so that most are found at their first place

# Odd constants of a multiplicative hash; any will do, the result does not depend on them.
MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64
)
FINISHER, HALF = np.uint64(0xBF58476D1CE4E5B9), np.uint64(32)

_LENGTHS = np.arange(KEY_BYTES, dtype=np.uint8)
KEPT = np.where(_LENGTHS[:, None] > _LENGTHS, 0xFF, 0).astype(np.uint8).view("<u8")
"""Mask of the first n bytes, for every n: ``(32, 4)`` uint64."""
LENGTH_TAGS = np.where(_LENGTHS == LONGEST, _LENGTHS[:, None], 0).astype(np.uint8).view("<u8")
"""The length n at its place, for every n: ``(32, 4)`` uint64."""


def make_keys(data: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the keys of strings in ``data`` as uint64 ``(n, 4)``.

    Args:
        data: uint8.
        starts: (n,) where each begins.
        lengths: (n,) bytes of each, ``LONGEST`` at most.
    """
    padded = np.concatenate([data, np.zeros(KEY_BYTES, dtype=np.uint8)])
    views = np.ndarray((len(data) + 1,), f"V{KEY_BYTES}", padded, strides=(1,))
    keys = views[starts].view("<u8").reshape(-1, N_WORDS)
    keys &= KEPT.take(lengths, axis=0)
    keys |= LENGTH_TAGS.take(lengths, axis=0)
    return keys


class SegmentTable:
    """Numbers for distinct keys, in open addressing with linear steps.

    Args:
        capacity: keys that it can hold; memory is touched only as they come.
    """

    def __init__(self, capacity: int) -> None:
        self._keys = np.empty((capacity, N_WORDS), dtype=np.uint64)
        self._bits = (LOAD * capacity - 1).bit_length()
        self._slots = np.full(1 << self._bits, -1, dtype=np.int32)
        self._n = 0

    def __len__(self) -> int:
        """Keys that have a number."""
        return self._n

    def clear(self) -> None:
        """Forget all keys."""
        self._slots.fill(-1)
        self._n = 0

    def number(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of each key, giving the next ones to keys that have none.

        Returns:
            int64 ``(n,)`` numbers, and int64 ``(m,)`` places in ``keys`` of the m new ones, in the
            order of their numbers.
        """
        numbers = np.empty(len(keys), dtype=np.int64)
        slots = self._first_slots(keys)
        open_, new = np.arange(len(keys)), [np.empty(0, dtype=np.int64)]
        while open_.size:
            free = np.flatnonzero(self._slots[slots] < 0)
            if free.size:
                new.append(open_[free[self._claim(slots[free], keys[free])]])
            held = self._slots[slots].astype(np.int64)
            numbers[open_] = held
            other = self._keys.take(held, axis=0)
            other ^= keys
            missed = np.flatnonzero(other[:, 0] | other[:, 1] | other[:, 2] | other[:, 3])
            open_, keys = open_[missed], keys[missed]
            slots = (slots[missed] + 1) & (len(self._slots) - 1)
        return numbers, np.concatenate(new)

    def _first_slots(self, keys: np.ndarray) -> np.ndarray:
        hashes = keys @ MULTIPLIERS
        hashes ^= hashes >> HALF
        hashes *= FINISHER
        return (hashes >> np.uint64(64 - self._bits)).astype(np.int64)

    def _claim(self, slots: np.ndarray, keys: np.ndarray) -> np.ndarray:
        """Put keys into free slots; where several want the same, one wins. Return the winners."""
        marks = np.arange(len(slots), dtype=np.int32)
        self._slots[slots] = marks
        won = np.flatnonzero(self._slots[slots] == marks)
        self._slots[slots[won]] = np.arange(self._n, self._n + len(won), dtype=np.int32)
        self._keys[self._n : self._n + len(won)] = keys[won]
        self._n += len(won)
        return won
