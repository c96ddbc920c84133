"""The folder where the parts of a stage wait to be merged: ``<output>.parts``.

A part is whole or absent, and belongs to one identity: parameters, inputs, code and libraries. So
whoever finds it there, after a kill or on another machine, may take it as it is.
"""

import hashlib
import importlib.metadata
import platform
import shutil
from functools import cached_property
from pathlib import Path

import alm
from alm.errors import IntegrityError
from alm.io import Manifest, canonical_json, new_directory, sha256_tree
from alm.work.step import Part, Step
from alm.work.unit import Unit

SUFFIX = ".parts"
KIND = "part"
LIBRARIES = ("datasketch", "numpy", "sentencepiece")  # whose results may be in a part


class PartStore:
    """The parts of one step on the way to its output."""

    def __init__(self, step: Step, out: Path) -> None:
        self._step = step
        self.out = out
        self.path = out.with_name(out.name + SUFFIX)

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
        """Make the folder, and drop parts of another identity."""
        self.path.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.path.iterdir()):
            if not path.name.startswith(self.identity[:16]):
                shutil.rmtree(path, ignore_errors=True)

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
            IntegrityError: a part is absent or damaged; the message says which.
        """
        if missing := self.missing():
            raise IntegrityError(
                f"{self.path}: expected {len(self.units)} parts, found {len(missing)} of them "
                f"absent, unit {missing[0].number} first; run the tasks that make them"
            )
        parts = [self._read(unit) for unit in self.units]
        with new_directory(self.out) as root:
            manifest = Manifest.write(root, self._step.kind, **self._step.merge(parts, root))
        shutil.rmtree(self.path, ignore_errors=True)
        return manifest

    def _read(self, unit: Unit) -> Part:
        place = self._place(unit)
        manifest = Manifest.read(place, KIND)
        manifest.verify(place)
        return Part(place, manifest.facts)

    def _place(self, unit: Unit) -> Path:
        return self.path / f"{self.identity[:16]}-{unit.number:07d}"
