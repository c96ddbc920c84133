"""Store weights as int8 in blocks of 32 with one float16 scale: the numerics of GGUF's Q8_0.

A block spans 32 neighbours of the last axis, the one that a matrix product sums over. For each
block, in float32, in this order and with these roundings:

    step = max |w| / 127        inverse = 1 / step (0 where step is 0)
    value = round(w * inverse), halves away from zero        scale = float16(step)

The integers come from the exact step and not from the rounded scale, and from a product with the
inverse and not from a quotient: either would change a few, and a GGUF file must hold the same ones.
What is read back is ``value * scale``.

The price is 8.5 bits a weight. With a normal float16 scale a weight comes back within
``step * (1/2 + 127/2048)``: half a step from the integer, the rest from the scale's own rounding.
Below a step of 2**-25 the scale is zero, and so is the block.

Plain numpy on purpose: no thread, BLAS or device has a say in the bytes.

Reference:
    ggml, ``quantize_row_q8_0_ref`` in ggml-quants.c, the one of its quantizers that is meant for
    files. Departure: steps of at most 2**-128, whose inverse overflows and leaves ggml's integers
    undefined, give zeros here; and what no scale can hold is refused.
"""

import math
from dataclasses import dataclass

import numpy as np

from alm.errors import ConfigError, IntegrityError

BLOCK = 32
LEVELS = 127  # -128 is left out: the range is symmetric
_SMALLEST_STEP = np.float32(2.0**-128)
_LARGEST_STEP = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Blocks:
    """A quantized array: as many values as weights, one scale for every 32 of them.

    Shape:
        values (..., K) int8, scales (..., K / 32) float16.
    """

    values: np.ndarray
    scales: np.ndarray


def quantize_blocks(weights: np.ndarray, name: str) -> Blocks:
    """Quantize float32 ``weights`` of shape (..., K).

    Args:
        weights: any number of axes; K must be a multiple of 32.
        name: what the weights are called, for the messages.

    Raises:
        ConfigError: K is no multiple of 32.
        IntegrityError: a weight is NaN, infinite, or too large for a float16 scale.
    """
    _check_width(weights, name)
    blocks = weights.reshape(*weights.shape[:-1], -1, BLOCK)
    step = np.abs(blocks).max(axis=-1) / np.float32(LEVELS)
    _check_range(step, name)
    inverse = np.divide(1, step, out=np.zeros_like(step), where=step > _SMALLEST_STEP)
    values = _round(blocks * inverse[..., None]).astype(np.int8)
    return Blocks(values.reshape(weights.shape), step.astype(np.float16))


def dequantize_blocks(blocks: Blocks) -> np.ndarray:
    """Return the float32 weights that ``blocks`` stand for: ``value * scale``."""
    shape = blocks.values.shape
    values = blocks.values.reshape(*shape[:-1], -1, BLOCK).astype(np.float32)
    return (values * blocks.scales.astype(np.float32)[..., None]).reshape(shape)


def _round(x: np.ndarray) -> np.ndarray:
    """Round halves away from zero, as C's ``roundf``; numpy's own rounding takes them to even."""
    size = np.abs(x)
    whole = np.floor(size)
    return np.copysign(whole + (size - whole >= 0.5), x)


def _check_width(weights: np.ndarray, name: str) -> None:
    if weights.shape[-1] % BLOCK:
        raise ConfigError(
            f"{name}: expected a last axis that is a multiple of {BLOCK} to quantize, found "
            f"{weights.shape[-1]}; make d_model, d_ff, d_expert and n_heads * d_head multiples of "
            f"{BLOCK} in the preset's shape (configs/models)"
        )


def _check_range(step: np.ndarray, name: str) -> None:
    largest = float(step.max(initial=0))  # NaN where there is one
    if largest <= _LARGEST_STEP:
        return
    found = f"{largest * LEVELS:.3g}" if math.isfinite(largest) else "a NaN or an infinity"
    raise IntegrityError(
        f"{name}: expected finite weights within {_LARGEST_STEP * LEVELS:.3g} to quantize, found "
        f"{found}; the model diverged: train it again with a smaller train.lr"
    )
