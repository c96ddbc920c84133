"""What a training state was made by: if any of it changes, the state is another one.

DVC reruns a stage when one of its dependencies changes, and the rerun must not continue from what
the old code or the old text had trained. So a state lives under the digest of everything declared:
files, parameters, libraries and numerics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from alm.config import Stage
from alm.errors import IntegrityError
from alm.io import canonical_json, read_json, sha256_bytes, sha256_tree, write_json

LIBRARIES = ("numpy", "safetensors", "torch")
NAME = "fingerprint.json"
CODE = ("scripts/", "src/")
SHORT = 12  # hex digits that name a directory


@dataclass(frozen=True)
class Fingerprint:
    """Name of each component -> digest of what it was, or the value itself where it is short."""

    components: dict[str, str]

    @classmethod
    def of(cls, stage: Stage, sections: Mapping[str, Any], numerics: Mapping[str, Any]) -> Self:
        """Take the fingerprint of a stage: its dependencies' content, parameters and numerics.

        Args:
            stage: as declared in ``dvc.yaml``; every dependency must exist.
            sections: the resolved parameter sections that the stage reads.
            numerics: device, precision, threads and the like.
        """
        deps = {str(path): sha256_tree(path) for path in stage.deps}
        params = {f"params {name}": canonical_json(value) for name, value in sections.items()}
        libraries = {f"library {name}": version(name) for name in LIBRARIES}
        bits = {f"numerics {name}": str(value) for name, value in numerics.items()}
        return cls(dict(sorted({**deps, **params, **libraries, **bits}.items())))

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the fingerprint that :meth:`write` left.

        Raises:
            IntegrityError: it is absent or damaged.
        """
        components = read_json(directory / NAME)
        if not isinstance(components, dict) or not all(
            isinstance(digest, str) for digest in components.values()
        ):
            raise IntegrityError(
                f"{directory / NAME}: expected the digest of each component, found "
                f"{components!r:.40}; `make pretrain` writes it anew"
            )
        return cls(components)

    def write(self, directory: Path) -> None:
        """Leave the fingerprint in a state directory, to be compared with later ones."""
        write_json(directory / NAME, self.components)

    @property
    def short(self) -> str:
        """Name of the state directory."""
        return sha256_bytes(canonical_json(self.components).encode("utf-8"))[:SHORT]

    def code(self) -> dict[str, str]:
        """Return the components that are source code."""
        return {name: each for name, each in self.components.items() if name.startswith(CODE)}

    def libraries(self) -> dict[str, str]:
        """Return the versions of the libraries among the components."""
        prefix = "library "
        return {
            name.removeprefix(prefix): value
            for name, value in self.components.items()
            if name.startswith(prefix)
        }

    def changes_since(self, other: "Fingerprint") -> list[str]:
        """Return the names of components that are not as they were, sorted."""
        names = sorted({*self.components, *other.components})
        return [name for name in names if self.components.get(name) != other.components.get(name)]


def code_digests(stage: Stage) -> dict[str, str]:
    """Return the digest of each source tree that a stage declares."""
    paths = [path for path in stage.deps if path.as_posix().startswith(CODE)]
    return {path.as_posix(): sha256_tree(path) for path in sorted(paths)}
