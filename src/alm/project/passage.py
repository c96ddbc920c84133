"""A passage to look for: how it may stand in a line of JSON, and in what it differs from a text.

Words are those of ``alm.corpus.shingles``: ASCII letters, digits, ``_`` and everything outside
ASCII, in lower case as far as ASCII goes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from alm.errors import ConfigError
from alm.io import canonical_json

FEWEST_CHARACTERS = 8  # a shorter one stands everywhere
SHINGLE_WORDS = 5
SPACES = " \t\n\r"
WORD = re.compile(rb"[0-9A-Z_a-z\x80-\xff]+")
SPACE_RUN = re.compile(f"[{SPACES}]+")


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a passage may stand in a document."""

    name: str
    raw: re.Pattern[bytes]
    """Finds it in a line of a documents file, and now and then what is none: look at the text."""
    text: re.Pattern[str]
    """Finds it in a document's text."""

    def lines(self, block: bytes) -> Iterator[tuple[int, int]]:
        """Yield begin and end of each line of a block that may hold the passage."""
        end = 0
        while found := self.raw.search(block, end):
            begin = block.rfind(b"\n", 0, found.start()) + 1
            end = block.find(b"\n", found.end()) + 1 or len(block)
            yield begin, end


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a passage and a text have in common."""

    n_words: int
    """Words of the passage."""
    n_covered: int
    """Those of them that stand in runs of ``SHINGLE_WORDS`` words which the text has too."""
    longest: int
    """Words of the longest run that both have."""
    span: tuple[int, int]
    """Where that run stands in the text: first byte, and one past the last."""


@dataclass(frozen=True)
class Passage:
    """A text that may be part of a document, or of none."""

    text: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Take what was typed, without the spaces around it.

        Raises:
            ConfigError: it is too short to say anything, or no Unicode.
        """
        text = text.strip(SPACES)
        if len(text) < FEWEST_CHARACTERS:
            raise ConfigError(
                f"expected a passage of at least {FEWEST_CHARACTERS} characters, found "
                f'{len(text)}; write TEXT="..." with more of it'
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigError(
                "expected a passage in UTF-8, found other bytes; type it in a UTF-8 terminal"
            ) from None
        return cls(text)

    @property
    def forms(self) -> list[Form]:
        """The passage as it is, then with any spaces where it has some."""
        exact = Form(
            "word for word", re.compile(_escape(self.text)), re.compile(re.escape(self.text))
        )
        pieces = SPACE_RUN.split(self.text)
        if len(pieces) == 1:
            return [exact]
        raw = rb"(?: |\\[nrt])+".join(map(_escape, pieces))
        text = f"[{SPACES}]+".join(map(re.escape, pieces))
        return [exact, Form("but for spaces and line ends", re.compile(raw), re.compile(text))]

    @cached_property
    def words(self) -> list[bytes]:
        """Its words, in lower case."""
        return [word.lower() for word in WORD.findall(self.text.encode("utf-8"))]

    @property
    def n_shingle(self) -> int:
        """Words in a row that count as something in common; all, where it has few."""
        return min(SHINGLE_WORDS, len(self.words))

    def overlap(self, data: bytes) -> Overlap:
        """Compare the passage with a text in UTF-8, word by word."""
        found = list(WORD.finditer(data))
        words = [match[0].lower() for match in found]
        covered, longest, last = _compare(self.words, words, self.n_shingle)
        span = (found[last - longest].start(), found[last - 1].end()) if longest else (0, 0)
        return Overlap(len(self.words), covered, longest, span)


def _escape(text: str) -> bytes:
    """Return what stands for a text in a documents file, as a pattern."""
    return re.escape(canonical_json(text)[1:-1].encode("utf-8"))


def _compare(ours: list[bytes], theirs: list[bytes], n: int) -> tuple[int, int, int]:
    """Return how many of our words are covered, the longest run, and where it ends in theirs."""
    places: dict[tuple[bytes, ...], list[int]] = {}
    for i in range(len(ours) - n + 1):
        places.setdefault(tuple(ours[i : i + n]), []).append(i)
    covered = bytearray(len(ours))
    longest, last = 0, 0
    before: dict[int, int] = {}  # place in ours -> shingles in a row that end there
    for k in range(len(theirs) - n + 1):
        here = {i: before.get(i - 1, 0) + 1 for i in places.get(tuple(theirs[k : k + n]), ())}
        for i, n_runs in here.items():
            covered[i : i + n] = b"\x01" * n
            if n_runs + n - 1 > longest:
                longest, last = n_runs + n - 1, k + n
        before = here
    return sum(covered), longest, last
