"""Cut what is too long for one document, holding no more than one piece at a time."""

import io
from collections.abc import Callable, Iterator

CONTINUATION = range(0x80, 0xC0)  # bytes of UTF-8 that do not begin a character
LONGEST_CHARACTER = 4


def split_stream(read: Callable[[int], bytes], limit: int, head: bytes = b"") -> Iterator[bytes]:
    """Yield pieces of at most ``limit`` bytes; joined, they are what was read.

    A piece ends after its last newline; without one after its last space; without either before
    the character that would not fit.

    Args:
        read: returns up to so many further bytes, fewer only at the end.
        limit: longest piece, in bytes.
        head: what was read already, at most one byte more than a piece.
    """
    held = head + read(limit + 1 - len(head))
    while len(held) > limit:
        end = _cut(held, limit)
        yield held[:end]
        held = held[end:] + read(end + limit + 1 - len(held))
    if held:
        yield held


def split_text(text: str, limit: int) -> Iterator[str]:
    """Yield pieces of a text, each of at most ``limit`` bytes of UTF-8."""
    for piece in split_stream(io.BytesIO(text.encode("utf-8")).read, limit):
        yield piece.decode("utf-8")


def _cut(data: bytes, limit: int) -> int:
    """Return the length of the first piece of ``data``, which is longer than ``limit``."""
    for mark in (b"\n", b" "):
        if end := data.rfind(mark, 0, limit) + 1:
            return end
    for end in range(limit, max(limit - LONGEST_CHARACTER, 0), -1):
        if data[end] not in CONTINUATION:
            return end
    return limit
