"""Export a model: write every file, let other tools read them, and only then publish."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from alm.errors import installing
from alm.export.gate import Files, Passed, pass_gate
from alm.export.gguf import Format, write_gguf
from alm.export.huggingface import write_huggingface
from alm.export.llama_cpp_peer import has_llama_cpp
from alm.export.parity import Parity
from alm.export.source import Source
from alm.export.weights import Weights
from alm.io import Manifest, new_directory

KIND = "model.export"
HUGGINGFACE = "huggingface"
GGUF = "gguf"
LIBRARIES = ("gguf", "numpy", "safetensors", "torch", "transformers", "xllamacpp")
N_PROMPTS = 24
UNREAD = (
    "llama.cpp: not installed, so nothing has read the GGUF files; install it with "
    f"{installing('export')}"
)


@dataclass(frozen=True)
class Exported:
    """What was published."""

    facts: dict[str, Any]
    """As in the manifest."""
    parities: dict[str, Parity]
    """What the gate measured, by tool."""

    def tell(self) -> str:
        """Say how close each tool came, a line each."""
        lines = [f"{name}: {parity}" for name, parity in self.parities.items()]
        if "llama_cpp" in self.facts["targets"] and not has_llama_cpp():
            lines.append(UNREAD)
        return "\n".join(lines) or "the shape names no targets: nothing to export"


def export_model(
    name: str,
    paths: Mapping[str, Path],
    rows: Iterable[np.ndarray],
    out: Path,
    code: dict[str, str],
) -> Exported:
    """Export a model for the targets that its shape names into the directory ``out``.

    transformers and mlx-lm read one directory, llama.cpp a file in each format. A shape without
    targets gives a manifest alone.

    Args:
        name: of the preset; files carry it.
        paths: directories of the ``model``, its ``int8`` form, its ``tokenizer`` and its ``packed``
            tokens.
        rows: held-out tokens, on which all tools have to agree.
        out: directory to make: ``huggingface/`` and ``gguf/``, as far as there are targets for
            them, and ``manifest.json``.
        code: digests of the code that does it, for the manifest.

    Raises:
        ConfigError: the vocabulary has no counterpart elsewhere, or a package is missing.
        IntegrityError: an input is damaged, or a tool reads the export otherwise than alm; nothing
            is published then.
    """
    source = Source.read(name, paths)
    with new_directory(out) as directory:
        passed = pass_gate(source, write_files(directory, source), list(rows))
        manifest = Manifest.write(
            directory,
            KIND,
            params={},
            inputs=source.inputs,
            code=code,
            facts=_facts(directory, source, passed),
            libraries=_libraries(),
        )
    return Exported(manifest.facts, passed.parities)


def write_files(directory: Path, source: Source) -> Files:
    """Write what the targets of a shape read, and nothing else."""
    targets, huggingface, ggufs = source.spec.model.targets, None, {}
    if "transformers" in targets or "mlx" in targets:
        huggingface = directory / HUGGINGFACE
        write_huggingface(huggingface, source)
    if "llama_cpp" in targets:
        ggufs = write_ggufs(directory / GGUF, source)
    return Files(huggingface, ggufs)


def write_ggufs(directory: Path, source: Source) -> dict[Format, Path]:
    """Write one file in each format; the Q8_0 one holds the integers of our int8 file."""
    directory.mkdir(parents=True)
    paths = {kind: directory / f"{source.name}-{kind}.gguf" for kind in Format}
    pieces = source.tokenizer.pieces
    for kind, path in paths.items():
        file = source.int8_weights if kind is Format.Q8_0 else source.float_weights
        with Weights.open(file, source.spec) as weights:
            write_gguf(path, source.name, weights, pieces, kind)
    return paths


def _facts(directory: Path, source: Source, passed: Passed) -> dict[str, Any]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    sizes = {path.relative_to(directory).as_posix(): path.stat().st_size for path in files}
    targets = list(source.spec.model.targets)
    return {"bytes": sizes, "gate": passed.facts(), "targets": targets}


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
