"""Q8_0 blocks: ggml's integers to the last one, a bound on the error, and what is refused."""

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alm.errors import ConfigError, IntegrityError
from alm.quant import Blocks, dequantize_blocks, quantize_blocks

finite = st.floats(min_value=-60_000, max_value=60_000, width=32)
rows = arrays(np.float32, (2, 64), elements=finite)
one_block = arrays(np.float32, (32,), elements=finite)
ordinary = arrays(np.float32, (32,), elements=st.floats(min_value=-8, max_value=8, width=32))


def single(x):
    """Round to float32; a double holds products and quotients of two float32 well enough."""
    return struct.unpack("f", struct.pack("f", x))[0]


def quantize_slowly(block):
    """One block of ggml's quantize_row_q8_0_ref, one number at a time."""
    amax = max(abs(float(w)) for w in block)
    d = single(amax / 127)
    inverse = 1 / d if d else 0.0
    inverse = single(inverse) if inverse < 2.0**128 else 0.0
    values = []
    for w in block:
        x = single(float(w) * inverse)
        values.append(int(math.copysign(math.floor(abs(x) + 0.5), x)))
    return values, struct.unpack("e", struct.pack("e", d))[0]


def largest_error(weights):
    return np.abs(dequantize_blocks(quantize_blocks(weights, "w")) - weights).max(initial=0)


@given(rows)
@example(np.zeros((2, 64), np.float32))
@example(np.full((2, 64), 1e-44, np.float32))  # the step is denormal, its inverse overflows
@example(np.linspace(-127, 127, 128, dtype=np.float32).reshape(2, 64) / 2)  # halves
def test_integers_and_scales_are_those_of_the_scalar_reference(weights):
    blocks = quantize_blocks(weights, "w")

    for block, values, scale in zip(
        weights.reshape(-1, 32),
        blocks.values.reshape(-1, 32),
        blocks.scales.reshape(-1),
        strict=True,
    ):
        assert (values.tolist(), float(scale)) == quantize_slowly(block)


def test_halves_are_rounded_away_from_zero():
    weights = np.zeros(32, np.float32)
    weights[:5] = [127, 0.5, -0.5, 2.5, np.nextafter(np.float32(0.5), np.float32(0))]

    assert quantize_blocks(weights, "w").values[:5].tolist() == [127, 1, -1, 3, 0]


@given(ordinary)
def test_a_weight_comes_back_within_half_a_step_and_the_rounding_of_the_scale(weights):
    step = np.abs(weights).max() / 127

    assert largest_error(weights) <= max(step * (1 / 2 + 127 / 2048), 128 * 2.0**-25) * (1 + 1e-5)


@given(one_block)
def test_integers_alone_are_within_half_a_step(weights):
    step = np.abs(weights.astype(np.float64)).max() / 127

    values = quantize_blocks(weights, "w").values

    if step > 2.0**-126:
        assert np.abs(values * step - weights).max() <= step * (1 / 2 + 1e-4)


def make_tensors(n):
    """Random tensors of many sizes: among them rows of zeros, denormals, and outliers."""
    chances = np.random.Generator(np.random.PCG64(7))
    for i in range(n):
        shape = (chances.integers(1, 5), 32 * chances.integers(1, 5))
        weights = chances.standard_normal(shape) * 10.0 ** chances.integers(-6, 3)
        weights = weights.astype(np.float32)
        if i % 4 == 1:
            weights[0] = 0
        elif i % 4 == 2:
            weights[-1] = chances.integers(0, 9, shape[1]) * np.float32(1e-45)
        elif i % 4 == 3:
            weights[0, 5] *= np.float32(1e4)
        yield weights


def test_ten_thousand_tensors_keep_within_half_a_step():
    """Of a step by which the integers were made, and besides what its float16 is off."""
    n_bad = 0
    for weights in make_tensors(10_000):
        blocks = quantize_blocks(weights, "w")
        step = np.abs(weights.reshape(*weights.shape[:-1], -1, 32)).max(-1).astype(float) / 127
        error = np.abs(dequantize_blocks(blocks) - weights.astype(float))
        error = error.reshape(*step.shape, 32).max(-1)
        off = np.abs(blocks.scales.astype(float) - step) * 127
        n_bad += not (error <= step * (0.5 + 1e-4) + off).all()
        n_bad += not (off <= step * 127 * 2.0**-11 + 127 * 2.0**-25).all()

    assert n_bad == 0


def test_one_outlier_costs_only_its_own_block():
    weights = np.full(96, 0.01, np.float32)
    weights[40] = 100.0

    error = np.abs(dequantize_blocks(quantize_blocks(weights, "w")) - weights)

    assert error[32:64].max() >= 0.009
    assert max(error[:32].max(), error[64:].max()) < 1e-5


@pytest.mark.parametrize("size", [0.0, 1e-45, 1e-38, 1e-9], ids=str)
def test_weights_too_small_for_a_scale_come_back_as_zero(size):
    weights = np.full((1, 32), size, np.float32)

    assert dequantize_blocks(quantize_blocks(weights, "w")).tolist() == [[0.0] * 32]


def test_a_stack_of_experts_is_cut_along_its_last_axis():
    stack = np.arange(2 * 3 * 64, dtype=np.float32).reshape(2, 3, 64)

    whole = quantize_blocks(stack, "w")
    alone = quantize_blocks(stack[1, 2], "w")

    assert whole.scales.shape == (2, 3, 2)
    assert whole.values[1, 2].tolist() == alone.values.tolist()
    assert whole.scales[1, 2].tolist() == alone.scales.tolist()


def test_quantizing_again_what_was_read_back_moves_no_value_by_more_than_one():
    weights = np.sin(np.arange(320, dtype=np.float32)).reshape(5, 64)
    once = quantize_blocks(weights, "w")

    twice = quantize_blocks(dequantize_blocks(once), "w")

    assert np.abs(once.values.astype(int) - twice.values).max() <= 1


def test_reading_back_is_a_product_in_float32():
    blocks = Blocks(np.full(32, -3, np.int8), np.array([0.1], np.float16))

    assert dequantize_blocks(blocks)[0] == np.float32(-3) * np.float32(np.float16(0.1))
    assert dequantize_blocks(blocks).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_weights_that_are_not_finite_are_refused_by_name(bad):
    weights = np.ones(64, np.float32)
    weights[50] = bad

    with pytest.raises(IntegrityError, match=r"blocks\.3\.up: expected finite .* a NaN or an inf"):
        quantize_blocks(weights, "blocks.3.up")


def test_weights_too_large_for_a_scale_are_refused_by_name():
    with pytest.raises(IntegrityError, match=r"up: expected .* within 8\.32e\+06 .* found 9e\+06"):
        quantize_blocks(np.full(32, 9e6, np.float32), "up")


def test_a_width_that_blocks_do_not_divide_is_a_matter_of_configuration():
    with pytest.raises(ConfigError, match=r"head: .* multiple of 32 .* found 48; make d_model"):
        quantize_blocks(np.ones((2, 48), np.float32), "head")
