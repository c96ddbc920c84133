"""Matrices in panels of 16 rows, as the C program multiplies with them.

Dimensions: N rows and K columns of a matrix, B blocks of 32 in a row.
"""

from typing import NamedTuple

import numpy as np

ROWS = 16  # of a panel
BLOCK = 32


class Form(NamedTuple):
    """How a library wants panels; see kernel.h."""

    group: int
    """Neighbouring columns of a row that lie side by side."""
    offset: int
    """What is added to the integers: 128 where a processor wants one side unsigned."""


def pack(values_NK: np.ndarray, scales_NB: np.ndarray, form: Form) -> np.ndarray:
    """Return a matrix in panels of 16 rows, the last one filled up with zeros.

    Args:
        values_NK: int8.
        scales_NB: float16, one for each 32 columns.
        form: how the library wants them.

    Shape:
        (panels, bytes of one) uint8; kernel.h says what stands where.
    """
    n_rows, n_columns = values_NK.shape
    filling = ((0, -n_rows % ROWS), (0, 0))
    values = np.pad(values_NK, filling).reshape(-1, ROWS, n_columns // form.group, form.group)
    scales = np.pad(scales_NB, filling).reshape(-1, ROWS, n_columns // BLOCK).transpose(0, 2, 1)
    scales = np.pad(scales, ((0, 0), (0, n_columns // BLOCK % 2), (0, 0)))
    parts = (
        np.ascontiguousarray(scales, np.float16).view(np.uint8),
        np.ascontiguousarray(values.transpose(0, 2, 1, 3)).view(np.uint8) + np.uint8(form.offset),
    )
    return np.concatenate([part.reshape(len(values), -1) for part in parts], axis=1)
