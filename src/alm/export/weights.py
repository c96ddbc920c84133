"""The tensors of a published model, read one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open

from alm.checkpoint import ModelSpec
from alm.errors import IntegrityError
from alm.export.names import BIAS, Tensor
from alm.quant import Blocks

FLOAT = "model.safetensors"
INT8 = "model.int8.safetensors"
SCALE = ".scale"
PER_TOKEN = ("embed.weight", "head.weight")  # a row for each token


class Weights:
    """A model's weights, in float32 or in int8 blocks, cut to the tokens of its tokenizer.

    A shape's ``vocab_size`` is a ceiling, and the rows above the tokenizer's pieces were never
    trained; alm masks them. Other tools have no such mask and would give them probability, so a
    file for them ends with the last piece.

    Args:
        file: an open safetensors file.
        spec: of the model.
    """

    def __init__(self, file: safe_open, spec: ModelSpec) -> None:
        self.spec = spec
        self._file = file
        self._names = file.keys()

    @classmethod
    @contextmanager
    def open(cls, path: Path, spec: ModelSpec) -> Iterator[Self]:
        """Open ``model.safetensors`` or ``model.int8.safetensors``.

        Raises:
            IntegrityError: the file is absent or damaged.
        """
        try:
            file = safe_open(path, framework="numpy")
        except (OSError, SafetensorError) as error:
            raise IntegrityError(f"cannot read {path}: {error}; build it again") from None
        with file:
            yield cls(file, spec)

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Return the shape that a tensor has in another tool's file."""
        if tensor.source is None:
            return self._shape_of_zeros(tensor.name)
        _, *rest = shape = self._file.get_slice(tensor.source).get_shape()
        if tensor.source in PER_TOKEN:
            return (self.spec.n_vocab, *rest)
        return tuple(shape if tensor.expert is None else rest)

    def read(self, tensor: Tensor) -> np.ndarray:
        """Return a tensor as another tool's file holds it, float32."""
        if tensor.source is None:
            return np.zeros(self.shape(tensor), dtype=np.float32)
        return self._read(tensor.source, tensor)

    def read_blocks(self, tensor: Tensor) -> Blocks | None:
        """Return a tensor's int8 blocks, the scales beside the values; None where it has none."""
        if tensor.source is None:
            *outer, width = self.shape(tensor)
            zeros = np.zeros((*outer, width), dtype=np.int8)
            return Blocks(zeros, np.zeros((*outer, width // 32), dtype=np.float16))
        if tensor.source + SCALE not in self._names:
            return None
        scales = self._read(tensor.source + SCALE, tensor)
        return Blocks(self._read(tensor.source, tensor), scales)

    def _read(self, name: str, tensor: Tensor) -> np.ndarray:
        rows = self._file.get_slice(name)
        if tensor.source in PER_TOKEN:
            return rows[: self.spec.n_vocab]
        return rows[:] if tensor.expert is None else rows[tensor.expert]

    def _shape_of_zeros(self, name: str) -> tuple[int, ...]:
        """Return the shape of what ours may do without: a selection bias, one shared expert."""
        width, hidden = self.spec.model.d_model, self.spec.model.moe.d_expert
        if name.endswith(BIAS):
            return (self.spec.model.moe.n_experts,)
        return (width, hidden) if "down" in name else (hidden, width)
