"""A table of text that can be written as HTML and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from alm.report.markup import escape, tag, visible


@dataclass(frozen=True)
class Table:
    """Rows under named columns. The first column names its row; numbers align to the right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: Sequence[int] = (0,)
    """Columns that align to the left."""

    def html(self) -> str:
        """Return a ``<table>`` whose headers a screen reader can announce."""
        head = [
            tag("th", escape(name), scope="col", class_=self._side(i))
            for i, name in enumerate(self.columns)
        ]
        body = [tag("tr", *self._cells(row)) for row in self.rows]
        table = tag(
            "table",
            tag("caption", escape(self.caption)),
            tag("thead", tag("tr", *head)),
            tag("tbody", *body),
        )
        return tag("div", table, class_="table", tabindex="0")

    def markdown(self) -> str:
        """Return the table in the pipe syntax of GitHub, its caption left to the text around."""
        rules = ["---" if i in self.text_columns else "--:" for i in range(len(self.columns))]
        lines = [self.columns, rules, *self.rows]
        return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)

    def _cells(self, row: Sequence[str]) -> list[str]:
        name, *rest = row
        cells = [tag("th", escape(name), scope="row")]
        return cells + [
            tag("td", escape(value), class_=self._side(i)) for i, value in enumerate(rest, start=1)
        ]

    def _side(self, column: int) -> str | None:
        return None if column in self.text_columns else "n"


def markdown_cell(text: str) -> str:
    """Return text that stays in its cell and is shown as it is."""
    line = " ".join(visible(text).split("\n"))
    for mark in "\\`*_|<>[]":
        line = line.replace(mark, "\\" + mark)
    return line
