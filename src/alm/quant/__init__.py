"""Smaller weights: int8 blocks, the files that hold them, and the receipt for what they cost."""

from alm.quant.blocks import BLOCK, Blocks, dequantize_blocks, quantize_blocks
from alm.quant.receipt import (
    Agreement,
    Receipt,
    compare_logits,
    compare_models,
    held_out_rows,
    make_receipt,
)
from alm.quant.weights import is_quantized, quantize_model, quantize_tensors, read_dequantized

__all__ = [
    "BLOCK",
    "Agreement",
    "Blocks",
    "Receipt",
    "compare_logits",
    "compare_models",
    "dequantize_blocks",
    "held_out_rows",
    "is_quantized",
    "make_receipt",
    "quantize_blocks",
    "quantize_model",
    "quantize_tensors",
    "read_dequantized",
]
