"""Which of many keys stand there more than once."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Repeats:
    """Equal keys, side by side.

    Keys are compared in all their 64 bits. They are sorted by the leading ones with their place in
    the rest, several times faster than by an index. Where two keys have the same leading bits, as
    two of a million random ones have in one of some twenty buffers, that may leave them out of
    order, and equal ones apart; then they are sorted again in all their bits. So whether a key is
    found to come again does not depend on its neighbours.
    """

    places: np.ndarray
    """``(n,)`` int64: places of the keys, equal ones together, each group's in order."""
    firsts: np.ndarray
    """``(g,)`` int64: where in ``places`` each group of equal keys begins."""
    sizes: np.ndarray
    """``(g,)`` int64: how many keys are in each."""

    @classmethod
    def of(cls, keys: np.ndarray) -> Self:
        """Group keys: ``(n,)`` uint64, well mixed."""
        n = len(keys)
        low = np.uint64((1 << n.bit_length()) - 1)
        packed = (keys & ~low) | np.arange(n, dtype=np.uint64)
        packed.sort()
        places = (packed & low).astype(np.int64)
        together = keys[places]
        if (together[1:] < together[:-1]).any():
            places = np.argsort(keys, kind="stable")
            together = keys[places]
        firsts = np.flatnonzero(np.append(True, together[1:] != together[:-1])[:n])
        return cls(places, firsts, np.diff(firsts, append=n))

    def is_later(self) -> np.ndarray:
        """Tell of each key whether an equal one stands before it: ``(n,)`` bool."""
        later = np.ones(len(self.places), bool)
        later[self.places[self.firsts]] = False
        return later

    def is_repeated(self) -> np.ndarray:
        """Tell of each key whether an equal one stands before or after it: ``(n,)`` bool."""
        repeated = np.empty(len(self.places), bool)
        repeated[self.places] = np.repeat(self.sizes > 1, self.sizes)
        return repeated
