"""What came of a contest in training speed: figures of each contender, and the table of ratios."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

ABSENT = "-"
HEADER = (
    "| | precision | tokens/s | vs transformers fp32 | vs transformers bf16 | vs its dense twin "
    "| of GEMM rate | MFU | peak, MB | of it libraries | peak vs transformers |\n"
    "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Figures of one contender."""

    side: str
    model: str
    is_mixture: bool
    precision: str
    compiled: bool
    loops: bool
    """Over experts, one by one."""
    where: str
    """The device and its threads."""
    tokens: int
    """Of a step."""
    seconds: tuple[float, ...]
    """Of each step that counts."""
    peak_bytes: int
    loaded_bytes: int
    """Memory before the network was built: libraries. 0 on a device with memory of its own."""

    @property
    def tokens_per_second(self) -> float:
        """Speed of the median step."""
        return self.tokens / statistics.median(self.seconds)

    @property
    def name(self) -> str:
        """Return who this is."""
        how = ", compiled" * self.compiled + ", experts one by one" * self.loops
        return f"{self.side}, {self.model}{how}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "tokens_per_second": self.tokens_per_second}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the machine could do, and what a token needs."""

    flops_per_token: dict[str, float]
    """By shape."""
    gemm: dict[str, float]
    """Measured operations a second, by precision."""
    peak: float | None
    """Stated operations a second in bfloat16, where they are known."""


@dataclass(frozen=True)
class Table:
    """All contenders, beside each other."""

    standings: Sequence[Standing]
    rates: Rates

    def render(self) -> str:
        """Return the table in Markdown: a ratio above 1 says faster, or more memory."""
        return "\n".join([HEADER, *(self._row(each) for each in self.standings)])

    def _row(self, one: Standing) -> str:
        work = one.tokens_per_second * self.rates.flops_per_token[one.model]
        peak = self.rates.peak if one.precision == "bfloat16" else None
        peer = self._peer(one, one.precision) if one.side == "alm" else None
        cells = [
            one.name,
            one.precision,
            f"{one.tokens_per_second:,.0f}",
            self._faster(one, self._peer(one, "float32")),
            self._faster(one, self._peer(one, "bfloat16")),
            self._faster(one, self._twin(one)),
            self._share(work, self.rates.gemm.get(one.precision), ".0%"),
            self._share(work, peak, ".1%"),
            f"{one.peak_bytes / 1e6:,.0f}",
            f"{one.loaded_bytes / 1e6:,.0f}",
            f"{one.peak_bytes / peer.peak_bytes:.2f}" if peer else ABSENT,
        ]
        return f"| {' | '.join(cells)} |"

    def _share(self, work: float, best: float | None, spelling: str) -> str:
        return format(work / best, spelling) if best else ABSENT

    def _faster(self, one: Standing, other: Standing | None) -> str:
        if other is None or other is one:
            return ABSENT
        return f"{one.tokens_per_second / other.tokens_per_second:.2f}"

    def _peer(self, one: Standing, precision: str) -> Standing | None:
        """Return transformers with the same network: compiled if we are, and they took part so.

        Of its ways to multiply experts, the one that is faster here.
        """
        wanted = ("transformers", one.is_mixture, precision)
        ours = one.side == "alm" and one.compiled
        return (ours and self._find(*wanted, compiled=True)) or self._find(*wanted, compiled=False)

    def _twin(self, one: Standing) -> Standing | None:
        if not one.is_mixture:
            return None
        return self._find(one.side, False, one.precision, compiled=one.compiled)

    def _find(
        self, side: str, is_mixture: bool, precision: str, *, compiled: bool
    ) -> Standing | None:
        wanted = (side, is_mixture, precision, compiled)
        found = [
            each
            for each in self.standings
            if (each.side, each.is_mixture, each.precision, each.compiled) == wanted
        ]
        return max(found, key=lambda each: each.tokens_per_second, default=None)
