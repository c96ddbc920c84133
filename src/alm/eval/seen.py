"""How much of the held-out text stands in the training text, line for line.

Documents are split after exact duplicates are gone, but a licence header or a table that two files
share is no duplicate document. A model may know such lines by heart, so their share is told beside
the score.
"""

from collections.abc import Iterable, Sequence

LEAST_BYTES = 31  # shorter lines, such as ``return None``, are shared by chance


def count_seen_bytes(held_out: Sequence[bytes], train: Iterable[bytes]) -> list[int]:
    """Return for each held-out text the bytes in its lines that are a line of the training text.

    Lines count from ``LEAST_BYTES`` on, spaces at their ends aside. Memory grows with the held-out
    text alone.
    """
    lines = [_long_lines(text) for text in held_out]
    wanted = {line for each in lines for line in each}
    seen = {line for text in train for line in _long_lines(text) if line in wanted}
    return [sum(len(line) for line in each if line in seen) for each in lines]


def _long_lines(text: bytes) -> list[bytes]:
    stripped = (line.strip() for line in text.split(b"\n"))
    return [line for line in stripped if len(line) >= LEAST_BYTES]
