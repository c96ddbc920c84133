"""A published model: the directory that training leaves and every later stage reads."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from alm.checkpoint.tensors import read_tensors, write_tensors
from alm.config import ModelConfig
from alm.config.sections import section
from alm.errors import IntegrityError
from alm.io import Manifest, new_directory, read_json, write_json
from alm.model import Transformer

KIND = "model.pretrain"
CONFIG = "config.json"
LAST = "model"
BEST = "best"


@section
class ModelSpec:
    """What must be known to build a network around published weights."""

    model: ModelConfig
    n_vocab: int
    """Pieces of its tokenizer."""
    seq_len: int
    """Tokens it was trained to see at once."""
    tokenizer_sha256: str

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Check plain data and make a spec of it.

        Raises:
            ValidationError: a key is missing, unknown or of the wrong type.
        """
        return TypeAdapter(cls).validate_python(values)


def publish_model(  # noqa: PLR0913
    out: Path,
    spec: ModelSpec,
    weights: dict[str, dict[str, Tensor]],
    *,
    params: dict[str, Any],
    inputs: dict[str, str],
    code: dict[str, str],
    libraries: dict[str, str],
    facts: dict[str, Any],
) -> None:
    """Write ``model.safetensors`` (the last weights), ``best.safetensors``, config and manifest."""
    with new_directory(out) as directory:
        for stem, tensors in sorted(weights.items()):
            write_tensors(directory / f"{stem}.safetensors", tensors)
        write_json(directory / CONFIG, asdict(spec))
        Manifest.write(
            directory,
            KIND,
            params=params,
            inputs=inputs,
            code=code,
            libraries=libraries,
            facts=facts,
        )


def read_spec(directory: Path) -> ModelSpec:
    """Read the spec of a published model.

    Raises:
        IntegrityError: it is absent, damaged or of another form.
    """
    path = directory / CONFIG
    try:
        return ModelSpec.from_json(read_json(path))
    except ValidationError as error:
        raise IntegrityError(
            f"{path}: expected the shape of a model, found {error.error_count()} wrong keys; "
            "build it again"
        ) from None


def load_model(directory: Path, device: str, stem: str = LAST) -> Transformer:
    """Build the network of a published model, verified, in evaluation mode.

    Args:
        directory: as :func:`publish_model` left it.
        device: where the weights go.
        stem: which weights: ``model`` (the last) or ``best``.

    Raises:
        IntegrityError: a file is absent, damaged, or does not fit the others.
    """
    if not directory.is_dir():
        raise IntegrityError(f"no model in {directory}; build it with `make pretrain PRESET=...`")
    Manifest.read(directory, KIND).verify(directory)
    spec = read_spec(directory)
    return build_model(spec, read_tensors(directory / f"{stem}.safetensors"), device)


def build_model(spec: ModelSpec, tensors: dict[str, Tensor], device: str) -> Transformer:
    """Build the network that ``spec`` describes around ``tensors``.

    Raises:
        IntegrityError: the tensors are not those of such a network.
    """
    model = Transformer(spec.model, spec.n_vocab)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise IntegrityError(f"weights do not fit the shape they came with: {error}") from None
    return model.to(device).eval()
