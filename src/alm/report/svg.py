"""Draw lines over a common axis, as SVG that stands in a page without scripts or fonts.

Colours come from the page: a line has the class ``line s1`` (``s2``, ...), and the style sheet
knows what that means in the light and in the dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from alm.report.figures import number, tick
from alm.report.markup import escape, tag
from alm.report.scale import Scale

LEFT, RIGHT, TOP, BOTTOM = 52, 16, 30, 44  # room for labels around the plot
CHARACTER = 6.4  # about the width of one, in pixels: fonts differ
MARKED = 40  # a line of at most so many points shows each


@dataclass(frozen=True)
class Series:
    """One line: points in order of x. A y of None, or one that is not finite, is a gap."""

    name: str
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What a line chart shows, and how large."""

    title: str
    """What is drawn; also its accessible name."""
    x_label: str
    y_label: str
    series: Sequence[Series]
    width: int = 480
    height: int = 260
    log_y: bool = False
    include: Sequence[float] = ()
    """Values that the y axis reaches whatever the data, such as 0."""

    def draw(self) -> str:
        """Return the chart as one ``<svg>`` element."""
        x, y = self._scales()
        legend = _legend(self.series, self.width - RIGHT) if len(self.series) > 1 else ""
        parts = [
            tag("title", escape(self.title)),
            tag("desc", escape(self._describe())),
            self._y_axis(y),
            self._x_axis(x),
            *(_line(each, x, y, i) for i, each in enumerate(self.series, start=1)),
            legend,
        ]
        if not self._values():
            middle = {"x": self.width / 2, "y": self.height / 2}
            parts.append(tag("text", "no data", class_="empty", text_anchor="middle", **middle))
        box = f"0 0 {self.width} {self.height}"
        return tag("svg", *parts, role="img", class_="chart", viewBox=box)

    def _values(self) -> list[float]:
        return [y for each in self.series for _, y in each.points if is_drawable(y, self.log_y)]

    def _scales(self) -> tuple[Scale, Scale]:
        xs = [x for each in self.series for x, _ in each.points]
        last = max(xs, default=0) or 1
        x = Scale(min(0, *xs, last), last, LEFT, self.width - RIGHT, log=False)
        values = [*self._values(), *(self.include if self._values() else ())]
        return x, Scale.around(values, self.height - BOTTOM, TOP, log=self.log_y)

    def _y_axis(self, y: Scale) -> str:
        parts = [tag("text", escape(self.y_label), class_="label", x=0, y=14)]
        for value in y.ticks():
            at = pixel(y.at(value))
            parts.append(_rule("grid", LEFT, at, self.width - RIGHT, at))
            name = escape(tick(value))
            parts.append(_text(name, LEFT - 8, pixel(y.at(value) + 4), "end"))
        return tag("g", *parts, class_="axis")

    def _x_axis(self, x: Scale) -> str:
        floor = self.height - BOTTOM
        parts = [_rule("base", LEFT, floor, self.width - RIGHT, floor)]
        for value in x.ticks():
            at = pixel(x.at(value))
            parts.append(_rule("base", at, floor, at, floor + 4))
            parts.append(_text(escape(tick(value)), at, floor + 18, "middle"))
        middle = pixel((LEFT + self.width - RIGHT) / 2)
        parts.append(_text(escape(self.x_label), middle, self.height - 6, "middle", "label"))
        return tag("g", *parts, class_="axis")

    def _describe(self) -> str:
        told = [_describe(each, self.log_y) for each in self.series]
        return f"{self.y_label} over {self.x_label}. " + " ".join(told)


def is_drawable(y: float | None, log: bool) -> bool:
    """Tell whether a value has a place on the axis."""
    return y is not None and math.isfinite(y) and (not log or y > 0)


def pixel(value: float) -> str:
    """Return a coordinate to a hundredth, without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _line(series: Series, x: Scale, y: Scale, index: int) -> str:
    """Draw the runs between gaps, and a dot where a point would not be seen otherwise."""
    runs = [
        [(pixel(x.at(a)), pixel(y.at(b))) for a, b in run]
        for drawn, run in groupby(series.points, key=lambda point: is_drawable(point[1], y.log))
        if drawn
    ]
    path = "".join("M" + "L".join(f"{a} {b}" for a, b in run) for run in runs if len(run) > 1)
    n_points = sum(map(len, runs))
    dotted = [p for run in runs for p in run if n_points <= MARKED or len(run) == 1]
    dots = [tag("circle", cx=a, cy=b, r="2.2") for a, b in dotted]
    drawn = tag("path", d=path) if path else ""
    return tag("g", drawn, *dots, class_=f"line s{index}")


def _legend(series: Sequence[Series], right: float) -> str:
    """Name the lines above the plot, from the right, each beside a piece of itself."""
    parts, x = [], right
    for i in range(len(series), 0, -1):
        name = series[i - 1].name
        parts.append(_text(escape(name), pixel(x), 14, "end"))
        x -= CHARACTER * len(name) + 6
        parts.append(
            tag("g", tag("path", d=f"M{pixel(x - 16)} 10H{pixel(x)}"), class_=f"line s{i}")
        )
        x -= 34
    return tag("g", *parts, class_="legend")


def _describe(series: Series, log: bool) -> str:
    values = [y for _, y in series.points if is_drawable(y, log)]
    if not values:
        return f"{series.name}: no data."
    first, last, low = (number(v) for v in (values[0], values[-1], min(values)))
    return f"{series.name}: from {first} to {last}, lowest {low}."


def _rule(name: str, x1: object, y1: object, x2: object, y2: object) -> str:
    return tag("line", class_=name, x1=x1, y1=y1, x2=x2, y2=y2)


def _text(content: str, x: object, y: object, anchor: str, name: str | None = None) -> str:
    return tag("text", content, class_=name, x=x, y=y, text_anchor=anchor)
