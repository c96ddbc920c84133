"""Numbers that depend on a key alone, in integers: the same on every machine and Python."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, made odd


def mix(z: int) -> int:
    """Scramble 64 bits so that each output bit depends on every input bit.

    Reference:
        Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators" (OOPSLA), with
        the constants of Vigna's splitmix64.c.
    """
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def key_of(seed: int, name: str) -> int:
    """Return 64 bits for a seed and a name."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


class Draws:
    """A stream of choices from one key (SplitMix64: a counter, scrambled)."""

    __slots__ = ("_state",)

    def __init__(self, key: int) -> None:
        self._state = key & MASK

    @classmethod
    def of_document(cls, key: int, number: int) -> "Draws":
        """Return the stream of one document, without those of the documents before it."""
        return cls(mix((key + (number + 1) * GAMMA) & MASK))

    def bits(self) -> int:
        """Return the next 64 bits."""
        self._state = (self._state + GAMMA) & MASK
        return mix(self._state)

    def below(self, n: int) -> int:
        """Return an integer in [0, n); its bias is below n / 2**64."""
        return self.bits() * n >> 64

    def between(self, low: int, high: int) -> int:
        """Return an integer in [low, high]."""
        return low + self.below(high - low + 1)

    def chance(self, n: int, of: int) -> bool:
        """Return True in n out of ``of`` cases."""
        return self.below(of) < n

    def pick(self, items: Sequence[T]) -> T:
        """Return one item."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], k: int) -> list[T]:
        """Return k items from different places, in random order; k is best well below the rest."""
        places: list[int] = []
        while len(places) < k:
            place = self.below(len(items))
            if place not in places:
                places.append(place)
        return [items[place] for place in places]
