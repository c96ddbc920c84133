"""A published model in int8: every matrix in blocks of 32, everything else as it was.

The file is a pure function of the weights file: numpy does the arithmetic, on one thread, and
safetensors lays tensors out by type and name. A quantized matrix ``x`` is two tensors, ``x`` (int8,
same shape) and ``x.scale`` (float16, last axis 32 times shorter): the numbers of a GGUF Q8_0
tensor, apart instead of interleaved.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from alm.errors import IntegrityError
from alm.io import Manifest, explain_read, new_directory, write_bytes
from alm.quant.blocks import BLOCK, Blocks, dequantize_blocks, quantize_blocks

SOURCE_KIND = "model.pretrain"
SOURCE_WEIGHTS = "model.safetensors"
KIND = "model.int8"
WEIGHTS = "model.int8.safetensors"
CONFIG = "config.json"
SCALE = ".scale"
FULL_PRECISION = {"router"}
"""Matrices that stay float32: a rounding there sends a token to another expert."""


def quantize_model(model: Path, out: Path, code: dict[str, str]) -> Manifest:
    """Quantize the last weights of a published model into the directory ``out``.

    Args:
        model: directory of the published model.
        out: directory to make.
        code: digests of the code that does it, for the manifest.

    Returns:
        The manifest of ``out``; its facts count the matrices and their weights and bytes.

    Raises:
        IntegrityError: the model is absent or damaged, or holds weights that are not finite.
    """
    source = Manifest.read(model, SOURCE_KIND)
    source.verify(model)
    tensors = quantize_tensors(_read_float(model / SOURCE_WEIGHTS))
    with new_directory(out) as directory:
        # At most one key of metadata: safetensors writes several in no fixed order.
        write_bytes(directory / WEIGHTS, save(tensors, metadata={"format": "q8_0"}))
        write_bytes(directory / CONFIG, (model / CONFIG).read_bytes())
        return Manifest.write(
            directory,
            KIND,
            params={},
            inputs={"model": source.sha256},
            code=code,
            facts=_count(tensors),
            libraries={name: version(name) for name in ("numpy", "safetensors")},
        )


def quantize_tensors(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return ``tensors`` with each matrix replaced by its values and scales."""
    quantized: dict[str, np.ndarray] = {}
    for name, weights in sorted(tensors.items()):
        if not is_quantized(name, weights.shape):
            quantized[name] = weights
            continue
        blocks = quantize_blocks(weights, name)
        quantized[name], quantized[name + SCALE] = blocks.values, blocks.scales
    return quantized


def is_quantized(name: str, shape: tuple[int, ...]) -> bool:
    """Tell whether weights of this name and shape are stored in blocks.

    Matrices and stacks of them are, the embedding among them, unless blocks do not divide their
    rows. Norms and the selection bias are vectors, a thousandth of the bytes; the router is named
    in ``FULL_PRECISION``.
    """
    return len(shape) >= 2 and shape[-1] % BLOCK == 0 and not FULL_PRECISION & set(name.split("."))


def read_dequantized(directory: Path) -> dict[str, Tensor]:
    """Read a quantized model as the float32 tensors that its network computes with.

    Raises:
        IntegrityError: a file is absent, damaged, or not what the manifest says.
    """
    Manifest.read(directory, KIND).verify(directory)
    stored = _read(directory / WEIGHTS)
    scales = {name + SCALE for name, values in stored.items() if values.dtype == np.int8}
    if missing := sorted(scales - set(stored)):
        raise IntegrityError(
            f"{directory / WEIGHTS}: expected the tensor {missing[0]}, found none; build it again"
        )
    return {name: torch.from_numpy(_restore(stored, name)) for name in sorted({*stored} - scales)}


def _restore(stored: dict[str, np.ndarray], name: str) -> np.ndarray:
    if stored[name].dtype != np.int8:
        return stored[name]
    return dequantize_blocks(Blocks(stored[name], stored[name + SCALE]))


def _read_float(path: Path) -> dict[str, np.ndarray]:
    tensors = _read(path)
    for name, weights in tensors.items():
        if weights.dtype != np.float32:
            raise IntegrityError(
                f"{path}: expected float32 weights, found {weights.dtype} in {name}; build it again"
            )
    return tensors


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise explain_read(path, error) from None
    except (SafetensorError, KeyError) as error:  # KeyError: of a type that numpy lacks
        raise IntegrityError(f"{path} is damaged: {error}; build it again") from None


def _count(tensors: dict[str, np.ndarray]) -> dict[str, int]:
    pairs = [(tensors[name], tensors[name + SCALE]) for name in tensors if name + SCALE in tensors]
    return {
        "quantized_matrices": len(pairs),
        "quantized_weights": sum(values.size for values, _ in pairs),
        "quantized_bytes": sum(values.nbytes + scales.nbytes for values, scales in pairs),
    }
