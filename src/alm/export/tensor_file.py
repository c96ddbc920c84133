"""Write a safetensors file one tensor at a time, whatever its size.

The library's own writer wants every tensor in memory. The format is small: the length of a header
in 8 bytes, the header as JSON (name -> type, shape, place), the tensors behind each other.

Reference:
    safetensors, "Format" in its README. The header is filled with spaces to a multiple of 8 bytes,
    as the library does, so that every tensor is aligned.
"""

import math
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from alm.io import canonical_json, new_file

ALIGNMENT = 8
FLOAT32_BYTES = 4


def write_tensor_file(
    path: Path, shapes: dict[str, tuple[int, ...]], read: Callable[[str], np.ndarray]
) -> None:
    """Write float32 tensors by name, calling ``read`` for one after the other.

    Args:
        path: the file to make or replace.
        shapes: of every tensor, in the order in which they are to lie.
        read: gives a tensor of that shape.
    """
    with new_file(path) as file:
        header = _header(shapes)
        file.write(struct.pack("<Q", len(header)) + header)
        for name in shapes:
            file.write(np.ascontiguousarray(read(name), dtype="<f4").data)


def _header(shapes: dict[str, tuple[int, ...]]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}  # transformers asks for it
    for (name, shape), (start, stop) in zip(shapes.items(), _places(shapes.values()), strict=True):
        entries[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, stop]}
    text = canonical_json(entries).encode("utf-8")
    return text + b" " * (-len(text) % ALIGNMENT)


def _places(shapes: Iterable[tuple[int, ...]]) -> Iterable[tuple[int, int]]:
    start = 0
    for shape in shapes:
        stop = start + FLOAT32_BYTES * math.prod(shape)
        yield start, stop
        start = stop
