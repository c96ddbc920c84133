"""A Hugging Face directory back into a model of ours: safetensors only, nothing that runs code."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from alm.checkpoint import ModelSpec, publish_model
from alm.checkpoint.published import KIND as MODEL
from alm.errors import InputError
from alm.export import names
from alm.export.config_parsing import parse_config
from alm.export.huggingface import TOKENIZER_MODEL
from alm.io import (
    Manifest,
    new_directory,
    parse_json,
    require_replaceable,
    sha256_file,
    write_bytes,
)
from alm.model import Transformer
from alm.tokenizer import Tokenizer

WEIGHTS = "*.safetensors"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
SHOWN = 3  # tensors that an error names
HEAD = "lm_head.weight"
TOKENIZER = "tokenizer"
MODEL_FILES = re.compile(r"(model|best)\.safetensors|config\.json|manifest\.json")
TOKENIZER_FILES = re.compile(r"tokenizer\.(model|json)|manifest\.json")
NO_WEIGHT = ".rotary_emb.inv_freq"  # some versions of transformers store this table


def import_model(directory: Path, out: Path, tokenizer: Path) -> None:
    """Publish a model that alm exported, or another of the same kinds, and its tokenizer.

    Args:
        directory: ``config.json``, ``tokenizer.model`` and one or more safetensors files.
        out: directory of the model to make, as training would have left it.
        tokenizer: directory of the tokenizer to make.

    Raises:
        InputError: something else lies where the model or its tokenizer would, a file is absent or
            no safetensors, the network is none of ours, or a tensor is missing, unknown, of
            another shape or not finite; the message names it.
        IntegrityError: the tokenizer is none of alm's.
    """
    require_replaceable(out, MODEL, MODEL_FILES)
    require_replaceable(tokenizer, TOKENIZER, TOKENIZER_FILES)
    _refuse_pickles(directory)
    vocabulary = Tokenizer(_read(directory / TOKENIZER_MODEL))
    config = directory / "config.json"
    spec = parse_config(_parse(config), str(config), vocabulary.sha256)
    if spec.n_vocab != vocabulary.vocab_size:
        raise InputError(
            f"{config}: expected vocab_size {vocabulary.vocab_size}, the pieces of "
            f"{TOKENIZER_MODEL}, found {spec.n_vocab}; the two belong to different models"
        )
    weights = read_tensors(directory, spec)
    inputs = {path.name: sha256_file(path) for path in [config, *sorted(directory.glob(WEIGHTS))]}
    _publish_tokenizer(vocabulary, _read(directory / TOKENIZER_MODEL), tokenizer)
    publish_model(
        out,
        spec,
        {"model": weights},
        params={},
        inputs=inputs,
        code={},
        libraries={name: version(name) for name in ("safetensors", "torch")},
        facts={"imported": True},
    )


def read_tensors(directory: Path, spec: ModelSpec) -> dict[str, Tensor]:
    """Return the weights by our names, float32, experts in stacks.

    Raises:
        InputError: as :func:`import_model`.
    """
    with ExitStack() as stack:
        files = _open(directory, stack)
        parts: dict[str, list[Tensor]] = {}
        for tensor in _match(files, spec, directory):
            parts.setdefault(tensor.source, []).append(files[tensor.name].get_tensor(tensor.name))
    tensors = {
        name: each[0] if len(each) == 1 else torch.stack(each) for name, each in parts.items()
    }
    return {name: _check(name, tensors[name], shape) for name, shape in _shapes(spec).items()}


def _match(files: Mapping[str, safe_open], spec: ModelSpec, directory: Path) -> list[names.Tensor]:
    """Return the tensors to read: all that the network has, and the files nothing else."""
    wanted = [each for each in names.huggingface_tensors(spec.model) if each.source]
    if spec.model.tied_embeddings:  # a copy of the embedding may stand there, and says nothing new
        wanted = [each for each in wanted if each.name != HEAD]
    known = {each.name for each in wanted} | ({HEAD} if spec.model.tied_embeddings else set())
    missing = [each.name for each in wanted if each.name not in files]
    extra = [name for name in sorted(files) if name not in known and not name.endswith(NO_WEIGHT)]
    for kind, found in (("missing", missing), ("unknown", extra)):
        if found:
            raise InputError(
                f"{directory}: expected the tensors of the network in config.json, found "
                f"{len(found)} {kind}: {', '.join(found[:SHOWN])}; the files belong to another one"
            )
    return wanted


def _shapes(spec: ModelSpec) -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = Transformer(spec.model, spec.n_vocab)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def _check(name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
    if tensor.shape != shape or not tensor.is_floating_point():
        raise InputError(
            f"{name}: expected a tensor of shape {tuple(shape)}, found {tuple(tensor.shape)} of "
            f"{tensor.dtype}; config.json belongs to another model"
        )
    if not torch.isfinite(tensor).all():
        raise InputError(f"{name}: expected finite weights, found NaN or infinity; the file is bad")
    return tensor.float()


def _open(directory: Path, stack: ExitStack) -> dict[str, safe_open]:
    """Open every safetensors file; return which of them holds which tensor."""
    found: dict[str, safe_open] = {}
    for path in sorted(directory.glob(WEIGHTS)):
        try:
            file = stack.enter_context(safe_open(path, framework="pt"))
        except (OSError, SafetensorError) as error:
            raise InputError(
                f"{path}: expected a safetensors file, found another: {error}; copy it again"
            ) from None
        for name in file.keys():  # noqa: SIM118 (it is no mapping)
            if name in found:
                raise InputError(
                    f"{path}: expected each tensor once, found {name} again; remove a file"
                )
            found[name] = file
    if not found:
        raise InputError(
            f"{directory}: expected {WEIGHTS} with the weights, found none; save the model as "
            "safetensors"
        )
    return found


def _refuse_pickles(directory: Path) -> None:
    if not directory.is_dir():
        raise InputError(
            f"expected a directory with config.json and weights at {directory}, found none; name "
            "another as FROM="
        )
    names = sorted(path.name for path in directory.iterdir())
    if pickles := [name for name in names if name.endswith(PICKLES)]:
        raise InputError(
            f"{directory}: expected weights as safetensors, found {', '.join(pickles[:SHOWN])}, "
            "which could run code when it is read; save the model as safetensors, and remove that"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; an export of alm has it") from None


def _parse(path: Path) -> dict[str, Any]:
    try:
        values = parse_json(_read(path).decode("utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: expected JSON, found {error}; copy it again") from None
    if not isinstance(values, dict):
        raise InputError(
            f"{path}: expected a mapping, found {type(values).__name__}; it is of another program"
        )
    return values


def _publish_tokenizer(vocabulary: Tokenizer, model: bytes, out: Path) -> None:
    with new_directory(out) as directory:
        write_bytes(directory / TOKENIZER_MODEL, model)
        Manifest.write(
            directory,
            TOKENIZER,
            params={},
            inputs={},
            facts={"sha256": vocabulary.sha256, "vocab_size": vocabulary.vocab_size},
        )
