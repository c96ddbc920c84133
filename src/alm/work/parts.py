"""The folder where the parts of a stage wait to be merged: ``<output>.parts``.

A part is whole or absent, and belongs to one identity: parameters, inputs, code and libraries. So
whoever finds it there, after a kill or on another machine, may take it as it is. What is dropped
is renamed before it is removed, since a kill may leave half of it.
"""

import hashlib
import importlib.metadata
import platform
import shutil
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import alm
from alm.errors import IntegrityError
from alm.io import Manifest, canonical_json, new_directory, sha256_tree
from alm.work.step import Part, Step
from alm.work.unit import Unit

SUFFIX = ".parts"
DROPPED = ".dropped"  # suffix of what is being removed; nobody takes it for a part
KIND = "part"
LIBRARIES = ("datasketch", "numpy", "sentencepiece")  # whose results may be in a part


class PartStore:
    """The parts of one step on the way to its output."""

    def __init__(self, step: Step, out: Path) -> None:
        self._step = step
        self.out = out
        self.path = out.with_name(out.name + SUFFIX)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker needs: the identity, and none of the units, which it is handed."""
        state = {**self.__dict__, "identity": self.identity}
        state.pop("units", None)
        return state

    @cached_property
    def units(self) -> list[Unit]:
        """The units of the step, cut once."""
        return self._step.units()

    @cached_property
    def identity(self) -> str:
        """Digest of everything that decides what is in a part."""
        facts = {
            "kind": self._step.kind,
            "step": self._step.identity(),
            "n_units": len(self.units),
            "code": sha256_tree(Path(alm.__file__).parent),
            "python": platform.python_version(),
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        }
        return hashlib.sha256(canonical_json(facts).encode("utf-8")).hexdigest()

    def open(self) -> None:
        """Make the folder, and drop parts of another identity.

        Tasks of one identity may do so side by side: what they make is left alone.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._sweep()
        for path in sorted(self.path.iterdir()):
            if path.is_dir() and not path.name.startswith(self.identity[:16]):
                _drop(path)

    def missing(self) -> list[Unit]:
        """Return the units that have no part yet."""
        return [unit for unit in self.units if not self._place(unit).exists()]

    def make(self, unit: Unit) -> None:
        """Work on one unit and put its part down."""
        with new_directory(self._place(unit)) as root:
            facts = self._step.work(unit, root)
            Manifest.write(root, KIND, params={}, inputs={"step": self.identity}, facts=facts)

    def merge(self) -> Manifest:
        """Merge all parts into the output, and drop them.

        Raises:
            IntegrityError: a part is absent or damaged; the message says which. A damaged one is
                dropped, so that it is made again.
        """
        self._sweep()
        if missing := self.missing():
            raise IntegrityError(
                f"{self.path}: expected {len(self.units)} parts, found {len(missing)} of them "
                f"absent, unit {missing[0].number} first; run the tasks that make them"
            )
        parts = [self._read(unit) for unit in self.units]
        with new_directory(self.out) as root:
            manifest = Manifest.write(root, self._step.kind, **self._step.merge(parts, root))
        _drop(self.path)
        return manifest

    def _read(self, unit: Unit) -> Part:
        place = self._place(unit)
        try:
            manifest = Manifest.read(place, KIND)
            manifest.verify(place)
        except IntegrityError as error:
            _drop(place)
            raise IntegrityError(
                f"unit {unit.number}: {error}; its part was dropped, so run the same command, or "
                "the task that makes it, again"
            ) from None
        return Part(place, manifest.facts)

    def _sweep(self) -> None:
        """Remove what was being dropped when a process was killed."""
        for path in (_dead_name(self.path), *sorted(self.path.glob(f"*{DROPPED}"))):
            shutil.rmtree(path, ignore_errors=True)

    def _place(self, unit: Unit) -> Path:
        return self.path / f"{self.identity[:16]}-{unit.number:07d}"


def _drop(path: Path) -> None:
    """Remove a folder; whenever that ends, nothing less than the whole has its name."""
    dead = _dead_name(path)
    shutil.rmtree(dead, ignore_errors=True)
    with suppress(FileNotFoundError):  # another task drops it just now
        path.replace(dead)
    shutil.rmtree(dead, ignore_errors=True)


def _dead_name(path: Path) -> Path:
    return path.with_name(path.name + DROPPED)
