"""A map from digests to digests in one block of memory: no Python object stays per entry."""

SLOT = 32  # bytes: 16 of the key, 16 of the value
KEY = 16
EMPTY = bytes(KEY)  # no digest of anything is all zeros
FEWEST_SLOTS = 1024


class DigestTable:
    """Map keys to values, both of 16 bytes, by open addressing with linear probing.

    A ``bytearray``, not a numpy array: single entries are looked up, and for those slices of bytes
    are several times faster. It grows by half when four fifths are full, so an entry takes 40 to
    60 bytes.
    """

    def __init__(self) -> None:
        self._slots = bytearray(FEWEST_SLOTS * SLOT)
        self._n_used = 0

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._n_used

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, None where there is none."""
        place = self._find(key)
        if self._slots[place : place + KEY] == EMPTY:
            return None
        return bytes(self._slots[place + KEY : place + SLOT])

    def set(self, key: bytes, value: bytes) -> None:
        """Give a key a value."""
        place = self._find(key)
        if self._slots[place : place + KEY] == EMPTY:
            self._n_used += 1
        self._slots[place : place + SLOT] = key + value
        if self._n_used * SLOT * 5 > len(self._slots) * 4:
            self._grow()

    def _find(self, key: bytes) -> int:
        """Return where a key stands, or the free place where it would."""
        slots = self._slots
        place = int.from_bytes(key[:8], "little") % (len(slots) // SLOT) * SLOT
        while slots[place : place + KEY] not in (key, EMPTY):
            place = (place + SLOT) % len(slots)
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = bytearray(len(old) // SLOT * 3 // 2 * SLOT)
        for start in range(0, len(old), SLOT):
            if (key := bytes(old[start : start + KEY])) != EMPTY:
                place = self._find(key)
                self._slots[place : place + SLOT] = old[start : start + SLOT]
