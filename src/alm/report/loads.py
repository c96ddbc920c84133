"""Draw how evenly the experts of each mixture layer are used.

A bar is an expert's tokens over the layer's mean, so an even layer has all its bars at the dashed
line.
"""

from collections.abc import Sequence

from alm.report.figures import number, ratio
from alm.report.markup import escape, tag
from alm.report.svg import pixel

NAMES, NOTES, ROW, HIGH = 76, 176, 52, 38  # room for names and notes; pitch and tallest bar
WIDEST = 72  # room for one expert, at most
MEAN = "mean"


def relative_load(shares: Sequence[float]) -> list[float]:
    """Return each expert's share of the tokens over the mean share."""
    mean = sum(shares) / len(shares)
    return [share / mean if mean else 0.0 for share in shares]


def draw_loads(title: str, layers: Sequence[tuple[str, Sequence[float]]], width: int = 960) -> str:
    """Return one ``<svg>`` element with a row of bars per layer.

    Args:
        title: its accessible name.
        layers: name and shares per expert of each mixture layer.
        width: in pixels.
    """
    loads = [(name, relative_load(shares)) for name, shares in layers]
    top = max([2.0, *(load for _, each in loads for load in each)])
    rows = [
        _draw_row(name, each, i * ROW + ROW - 8, top, width) for i, (name, each) in enumerate(loads)
    ]
    box = f"0 0 {width} {max(len(loads), 1) * ROW}"
    return tag(
        "svg", tag("title", escape(title)), *rows, role="img", class_="chart loads", viewBox=box
    )


def _draw_row(name: str, loads: Sequence[float], floor: float, top: float, width: int) -> str:
    pitch = min((width - NOTES - NAMES) / len(loads), WIDEST)
    right = pixel(NAMES + pitch * len(loads))
    bars = [
        _draw_bar(expert, load, NAMES + expert * pitch, floor, (pitch, HIGH / top))
        for expert, load in enumerate(loads)
    ]
    mean = pixel(floor - HIGH / top)
    note = f"most {ratio(max(loads))}, least {ratio(min(loads))}"
    return tag(
        "g",
        tag("text", escape(name), x=NAMES - 12, y=pixel(floor - 8), text_anchor="end"),
        *bars,
        tag("line", class_="base", x1=NAMES, y1=pixel(floor), x2=right, y2=pixel(floor)),
        tag("line", class_=MEAN, x1=NAMES, y1=mean, x2=right, y2=mean),
        tag(
            "text",
            escape(note),
            class_="value",
            x=pixel(NAMES + pitch * len(loads) + 14),
            y=pixel(floor - 8),
        ),
    )


def _draw_bar(expert: int, load: float, x: float, floor: float, step: tuple[float, float]) -> str:
    pitch, unit = step
    gap = min(pitch * 0.2, 6)
    return tag(
        "rect",
        tag("title", escape(f"expert {expert}: {number(load, 3)} of the mean")),
        x=pixel(x + gap / 2),
        y=pixel(floor - load * unit),
        width=pixel(pitch - gap),
        height=pixel(load * unit),
    )
