"""A shuffle that is a formula: place in, number out, nothing stored."""

import numpy as np

ROUNDS = 8
MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio, made odd


def feistel(positions: np.ndarray, n: int, key: int) -> np.ndarray:
    """Return where a pseudo-random permutation of ``range(n)`` sends each position, as int64.

    A Feistel network permutes the smallest even number of bits that ``n`` fits into; a result that
    falls outside ``range(n)`` goes through it again until it falls inside, which makes it a
    permutation of ``range(n)``. That takes fewer than four passes on average.

    Args:
        positions: integers in ``range(n)``, in one dimension.
        n: size of the permutation, at most ``2**62``.
        key: which permutation; any integer, of which the lowest 64 bits count.

    Reference:
        Luby and Rackoff 1988, "How to construct pseudorandom permutations from pseudorandom
        functions", section 3, for the network; Black and Rogaway 2002, "Ciphers with arbitrary
        finite domains", section 4, for the walk. The round function is the finalizer of SplitMix64
        (Steele et al. 2014, figure 16): well mixed, but no cipher.
    """
    if not 1 <= n <= 2**62:
        raise ValueError(f"expected a size from 1 to 2**62, found {n}")
    places = np.array(positions, dtype=np.int64)
    if places.size and not (places.min() >= 0 and places.max() < n):
        raise IndexError(f"positions from {places.min()} to {places.max()} of {n}")
    half_bits = max(1, ((n - 1).bit_length() + 1) // 2)
    keys = [_mix_int(key + (i + 1) * GOLDEN) for i in range(ROUNDS)]
    values = _permute(places.astype(np.uint64), half_bits, keys)
    while (outside := values >= n).any():
        values[outside] = _permute(values[outside], half_bits, keys)
    return values.astype(np.int64)


def mix_key(*numbers: int) -> int:
    """Return a key of 64 bits that looks unlike that of any other numbers, their order included.

    A sum would not do: the key of seed 1 and epoch 2 would be that of seed 2 and epoch 1.
    """
    key = 0
    for number in numbers:
        key = _mix_int(key + GOLDEN + number)
    return key


def _permute(values: np.ndarray, half_bits: int, keys: list[int]) -> np.ndarray:
    """Permute the numbers of ``2 * half_bits`` bits."""
    low = np.uint64(2**half_bits - 1)
    left, right = values >> np.uint64(half_bits), values & low
    for key in keys:
        left, right = right, left ^ (_mix(right + np.uint64(key)) & low)
    return left << np.uint64(half_bits) | right


def _mix(x: np.ndarray) -> np.ndarray:
    """Return SplitMix64's finalizer of each element; products wrap at 2**64, as they should."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _mix_int(x: int) -> int:
    return int(_mix(np.array([x & MASK], dtype=np.uint64))[0])
