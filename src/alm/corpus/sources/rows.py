"""What a recipe takes from a row with fields: its text, its id, its score."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from types import NoneType
from typing import Any, Self

from alm.config import IngestConfig
from alm.config.recipe import RowSource
from alm.config.template import Path, parse_template, spell_path
from alm.corpus.quarantine import excerpt
from alm.corpus.sources.record import Record, Reject
from alm.errors import ConfigError

KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a truth value",
    NoneType: "null",
}
FIELDS_SHOWN = 20
ROWS_TO_TELL = 1000  # rows after which a field that none of them has is a mistake in the recipe
Problem = tuple[str, str]  # reason and detail


def kind_of(value: object) -> str:
    """Return what JSON calls a value; what JSON does not know has the name of its type."""
    return KINDS.get(type(value)) or type(value).__name__


@dataclass
class FieldTally:
    """How many rows had a recipe's fields, and what fields there were where they had not."""

    patience: int
    """Rows after which a field that none of them has is a mistake in the recipe."""
    n_right: int = 0
    n_wrong: int = 0
    """Before the first right one, ``patience`` at most."""
    seen: dict[str, str] = field(default_factory=dict)
    """Fields of the wrong rows and what they held; the first few by name."""

    @classmethod
    def begin(cls, config: IngestConfig) -> Self:
        """Return an empty tally; it tells before the limit on unusable records does."""
        return cls(min(ROWS_TO_TELL, config.max_bad_run + 1))

    def note_right(self) -> None:
        """Note a row that has the fields."""
        self.n_right += 1

    def note_wrong(self, row: dict[str, Any]) -> None:
        """Note a row that lacks one."""
        if not self.n_right and self.n_wrong < self.patience:
            self.n_wrong += 1
            self._see({excerpt(str(name)): kind_of(value) for name, value in row.items()})

    def absorb(self, later: dict[str, Any]) -> None:
        """Add the facts of another tally, of the rows that follow."""
        if not self.n_right:
            self.n_wrong = min(self.n_wrong + later["n_wrong"], self.patience)
            self._see(later["seen"])
        self.n_right += later["n_right"]

    def refuse(self, source: RowSource, *, at_end: bool) -> None:
        """Raise ConfigError, listing the fields there are, where every row lacks one of ours.

        Unless they are all the rows there are, they must be enough to tell.
        """
        if self.n_right or not self.n_wrong or not (at_end or self.n_wrong >= self.patience):
            return
        found = ", ".join(f"{name} ({kind})" for name, kind in self.seen.items())
        raise ConfigError(
            f"source {source.name!r}: expected {_wanted(source)} in its rows, but none of the "
            f"first {self.n_wrong:,} has that; their fields are: {excerpt(found)}; correct the "
            "recipe"
        )

    def facts(self) -> dict[str, Any]:
        """Return the tally as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """Return the tally that :meth:`facts` described."""
        return cls(**facts)

    def _see(self, fields: dict[str, str]) -> None:
        self.seen = dict(sorted({**self.seen, **fields}.items())[:FIELDS_SHOWN])


class RowReader:
    """Make records of rows, and keep a tally of those that lack a field."""

    def __init__(self, source: RowSource, tally: FieldTally) -> None:
        self.source = source
        self._template = parse_template(source.template) if source.template else None
        self.tally = tally

    def read(
        self, row: dict[str, Any], place: str, meta: dict[str, Any], sample: str | bytes
    ) -> Record | Reject:
        """Return a row's record, or why it has none.

        Args:
            row: names and values.
            place: where a person finds it.
            meta: what the record says of its origin; the score is added.
            sample: what to show of a row that cannot be used.
        """
        text, problem = self._text(row)
        name, id_problem = self._id(row)
        score, score_problem = self._score(row)
        if problem := problem or id_problem or score_problem:
            self.tally.note_wrong(row)
            return Reject(place, *problem, sample)
        self.tally.note_right()
        return Record(place, text, {**meta, **score}, name)

    def _text(self, row: dict[str, Any]) -> tuple[str, Problem | None]:
        if self._template is None:
            return _take(row, (self.source.text_field,), str)
        pieces = []
        for piece in self._template:
            value, problem = (piece, None) if isinstance(piece, str) else _take(row, piece)
            if problem:
                return "", problem
            pieces.append(str(value))
        return "".join(pieces), None

    def _id(self, row: dict[str, Any]) -> tuple[str | None, Problem | None]:
        if self.source.id_field is None:
            return None, None
        value, problem = _take(row, (self.source.id_field,))
        return str(value), problem

    def _score(self, row: dict[str, Any]) -> tuple[dict[str, float], Problem | None]:
        name = self.source.score_field
        if name is None:
            return {}, None
        value = row.get(name)
        if type(value) not in (int, float) or not isfinite(value):
            found = kind_of(value) if name in row else "no such field"
            return {}, ("bad_score", f"expected a finite number in {name!r}, found {found}")
        return {"score": value}, None


def _take(
    row: dict[str, Any], path: Path, kinds: type | tuple[type, ...] = (str, int)
) -> tuple[Any, Problem | None]:
    """Return what lies at a path, or what is wrong there; a truth value is no integer."""
    value: Any = row
    for k, step in enumerate(path):
        if not isinstance(value, list if isinstance(step, int) else dict):
            return None, ("wrong_type", f"field {spell_path(path[:k])!r} is {kind_of(value)}")
        if step not in (range(len(value)) if isinstance(step, int) else value):
            return None, ("missing_field", f"no field {spell_path(path[: k + 1])!r}")
        value = value[step]
    if not isinstance(value, kinds) or isinstance(value, bool):
        return None, ("wrong_type", f"field {spell_path(path)!r} is {kind_of(value)}")
    return value, None


def _wanted(source: RowSource) -> str:
    wanted = [
        f"text_field {source.text_field!r} (a string)"
        if source.text_field
        else f"the fields of template {source.template!r} (strings or integers)"
    ]
    if source.id_field:
        wanted.append(f"id_field {source.id_field!r} (a string or an integer)")
    if source.score_field:
        wanted.append(f"score_field {source.score_field!r} (a number)")
    return " and ".join(wanted)
