"""What came of a contest of speaking: figures of each speaker, ratios, and bars for a few."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from speaker import LLAMA_CPP, NATIVE, PORTABLE, TRANSFORMERS

ABSENT = "-"
HEADER = (
    "| | threads | new tokens/s | alm, int8 is faster by | prompt tokens/s | faster by "
    "| first token, ms | peak, MB | of it libraries |\n"
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
)
BARS = (  # ours, the other, of new or of prompt tokens, the least ratio
    (NATIVE, TRANSFORMERS, "new", 5.0),
    (NATIVE, LLAMA_CPP, "new", 1.3),
    (PORTABLE, LLAMA_CPP, "new", 0.8),
    (NATIVE, LLAMA_CPP, "prompt", 1.0),
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """Figures of one speaker; seconds are those of each turn that counts."""

    side: str
    model: str
    threads: int
    kernel: str
    """What it ran on."""
    n_prompt: int
    n_new: int
    n_long: int
    first: tuple[float, ...]
    others: tuple[float, ...]
    long: tuple[float, ...]
    peak_bytes: int
    loaded_bytes: int
    """Memory before the network was loaded: libraries."""

    @property
    def new_rate(self) -> float:
        """New tokens a second, behind the first: the median turn."""
        return (self.n_new - 1) / statistics.median(self.others)

    @property
    def prompt_rate(self) -> float:
        """Tokens of the long prompt a second."""
        return self.n_long / statistics.median(self.long)

    @property
    def first_ms(self) -> float:
        """Milliseconds from the prompt to the first new token."""
        return 1000 * statistics.median(self.first)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        rates = {"new_rate": self.new_rate, "prompt_rate": self.prompt_rate}
        return {**asdict(self), **rates, "first_ms": self.first_ms}


@dataclass(frozen=True)
class Bar:
    """A ratio, and the least that it should be."""

    model: str
    threads: int
    ours: str
    other: str
    of: str
    ratio: float
    least: float

    def __str__(self) -> str:
        """Return a row of the table of bars."""
        who = f"{self.ours} against {self.other}, {self.of} tokens"
        reached = "yes" if self.ratio >= self.least else "no"
        cells = [who, self.model, self.threads, f"{self.least:g}", f"{self.ratio:.2f}", reached]
        return f"| {' | '.join(map(str, cells))} |"


@dataclass(frozen=True)
class Table:
    """All speakers of one shape, beside each other."""

    said: Sequence[Said]

    def render(self) -> str:
        """Return the table in Markdown: a ratio above 1 says that alm's int8 is faster."""
        return "\n".join([HEADER, *map(self._row, self.said)])

    def bars(self) -> Iterator[Bar]:
        """Yield each ratio that has a bar, for each number of threads."""
        for ours, other, of, least in BARS:
            for one in self.said:
                peer = self._find(other, one.threads)
                if one.side == ours and peer:
                    ratio = _rate(one, of) / _rate(peer, of)
                    yield Bar(one.model, one.threads, ours, other, of, ratio, least)

    def _row(self, one: Said) -> str:
        ours = self._find(NATIVE, one.threads)
        shown = {
            of: f"{_rate(ours, of) / _rate(one, of):.2f}" if ours and ours is not one else ABSENT
            for of in ("new", "prompt")
        }
        cells = [
            one.side,
            one.threads,
            f"{one.new_rate:,.0f}",
            shown["new"],
            f"{one.prompt_rate:,.0f}",
            shown["prompt"],
            f"{one.first_ms:.1f}",
            f"{one.peak_bytes / 1e6:,.0f}",
            f"{one.loaded_bytes / 1e6:,.0f}",
        ]
        return f"| {' | '.join(map(str, cells))} |"

    def _find(self, side: str, threads: int) -> Said | None:
        found = (one for one in self.said if (one.side, one.threads) == (side, threads))
        return next(found, None)


def _rate(one: Said, of: str) -> float:
    return one.new_rate if of == "new" else one.prompt_rate
