"""Draw a few numbers as horizontal bars from zero, each with its name and value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alm.report.markup import escape, tag
from alm.report.svg import pixel

NAMES, VALUES, ROW, THICK = 120, 64, 34, 18  # room for names and values; pitch and bar


@dataclass(frozen=True)
class Bar:
    """One number. The subject of the chart stands out from what it is compared with."""

    name: str
    value: float
    subject: bool


def draw_bars(
    title: str, bars: Sequence[Bar], value_format: Callable[[float], str], width: int
) -> str:
    """Return one ``<svg>`` element."""
    longest = max((bar.value for bar in bars), default=0) or 1
    room = width - NAMES - VALUES
    parts = [tag("title", escape(title))]
    for i, bar in enumerate(bars):
        length = room * max(bar.value, 0) / longest
        parts.append(_draw(bar, i * ROW, length, value_format(bar.value)))
    box = f"0 0 {width} {max(len(bars), 1) * ROW}"
    return tag("svg", *parts, role="img", class_="chart bars", viewBox=box)


def _draw(bar: Bar, y: float, length: float, value: str) -> str:
    top, base = y + (ROW - THICK) / 2, pixel(y + ROW / 2 + 4)
    size = {"x": NAMES, "y": pixel(top), "width": pixel(length), "height": THICK, "rx": 2}
    return tag(
        "g",
        tag("text", escape(bar.name), x=NAMES - 12, y=base, text_anchor="end"),
        tag("rect", **size),
        tag("text", escape(value), class_="value", x=pixel(NAMES + length + 8), y=base),
        class_="bar subject" if bar.subject else "bar",
    )
