"""Strings on which a tokenizer has to agree with ours: the odd, the hostile and the random."""

import hashlib
import struct
from collections.abc import Iterator

from alm.export.tokenizer_json import IN_TEXT, spell
from alm.tokenizer import Piece

N_STRINGS = 600
SPACES = (" ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\xa0", "\u2002", "\u2028", "\u3000", "\u2581")
RUNS = (1, 2, 3, 4, 7, 8, 15, 16, 31, 64)
ODD = (
    *("", "\0", "a\0b", "\x01\x02\x7f", "\ufeff", "\ufffd", "\U0010ffff", "e\u0301", "\u200b", "ﬁ"),
    *(
        "😀",
        "👩‍👩‍👧‍👦",
        "🇩🇪🇫🇷",
        "1\ufe0f\u20e3",
        "漢字かな",
        "übung ÜBUNG ß",
        "\u2581a\u2581 b",
        "₁₂³",
    ),
    *("0123456789", "3.14159e-10", "=" * 50, "aaaa" * 20, "don't", "x+=1;//y", "<0x41><0x0A>"),
)
SURROGATES = range(0xD800, 0xE000)  # halves of characters; no text has one


def probe_strings(pieces: list[Piece]) -> list[str]:
    """Return ``N_STRINGS`` different strings, the same ones for the same vocabulary."""
    names = [piece.text for piece in pieces if piece.kind not in IN_TEXT]
    words = [spell(piece) for piece in pieces if piece.kind in IN_TEXT]
    symbols = [name for name in names if not name.startswith("<0x")]
    distinct: dict[str, None] = {}
    for string in _all_strings(symbols, words):
        distinct[string] = None
        if len(distinct) == N_STRINGS:
            break
    return list(distinct)


def _all_strings(symbols: list[str], words: list[str]) -> Iterator[str]:
    """Yield what was thought of, and then random ones without an end."""
    yield from ODD
    for symbol in symbols:
        yield symbol
        yield f"a {symbol}b{symbol}{symbol}\n"
    for space in SPACES:
        for run in RUNS:
            yield f"{space * run}if a:{space * run}b"
    number = 0
    while True:
        chances = _Chances(number)
        yield "".join(_chunk(chances, words) for _ in range(chances.below(24)))
        number += 1


def _chunk(chances: "_Chances", words: list[str]) -> str:
    kind = chances.below(4)
    if kind < 2:
        return words[chances.below(len(words))]
    if kind == 2:
        return chr(32 + chances.below(95))
    code = chances.below(0x110000)
    return chr(code) if code not in SURROGATES else SPACES[code % len(SPACES)]


class _Chances:
    """Integers that depend on a seed alone, in whatever version and on whatever machine."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = 0

    def below(self, limit: int) -> int:
        """Return the next integer in ``[0, limit)``."""
        digest = hashlib.sha256(struct.pack("<QQ", self._seed, self._drawn)).digest()
        self._drawn += 1
        return int.from_bytes(digest[:8], "little") % limit
