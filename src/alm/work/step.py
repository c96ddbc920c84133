"""What a stage must tell to be cut, worked on and merged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from alm.work.unit import Unit


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one unit."""

    path: Path
    """A folder of files."""
    facts: dict[str, Any]


class Step(Protocol):
    """A stage as a map over units and a merge. Small, and sent to other processes whole."""

    kind: str
    """Of the manifest that it writes."""

    def identity(self) -> dict[str, Any]:
        """Return what decides the result besides the code, as JSON: parameters, input digests."""
        ...

    def units(self) -> list[Unit]:
        """Cut the input; the numbers of the units count from 0."""
        ...

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Write what comes of a unit to files below ``root``; return facts for the merge, JSON.

        Memory is bounded by the unit.
        """
        ...

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Write the output below ``root`` from the parts in the order of their units.

        Returns:
            What the manifest says: ``params``, ``inputs``, ``facts``, and ``libraries`` if any.
        """
        ...
