"""A model as one GGUF file, for llama.cpp and whatever is built on it."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alm.checkpoint import ModelSpec
from alm.config import ModelConfig, MoEConfig
from alm.errors import ConfigError, IntegrityError, installing
from alm.export.architecture import architecture_of
from alm.export.config_json import weighs_by_share
from alm.export.names import Tensor, gguf_tensors
from alm.export.weights import Weights
from alm.quant import BLOCK, Blocks, is_quantized
from alm.tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Piece

if TYPE_CHECKING:
    from gguf import GGUFWriter

QUANTIZATION_VERSION = 2
SCALE_BYTES = 2


class Format(StrEnum):
    """How a file stores matrices; vectors and the router are float32 in all of them."""

    F32 = "F32"
    F16 = "F16"
    Q8_0 = "Q8_0"


def write_gguf(path: Path, name: str, weights: Weights, pieces: list[Piece], kind: Format) -> None:
    """Write a model; one tensor is in memory at a time.

    Args:
        path: the file to make.
        name: what the model is called in it.
        weights: float32 ones for F32 and F16, int8 ones for Q8_0: the file then holds the same
            integers and scales.
        pieces: the vocabulary, a piece for each row of the embedding.
        kind: how matrices are stored.

    Raises:
        ConfigError: the gguf package is not installed.
        IntegrityError: a weight is too large for float16.
    """
    with closing(_new_writer(path, architecture_of(weights.spec.model).gguf)) as writer:
        writer.add_name(name)
        _add_shape(writer, weights.spec, kind)
        _add_tokenizer(writer, pieces)
        _write_tensors(writer, weights, kind)


def interleave(blocks: Blocks) -> np.ndarray:
    """Return int8 blocks as Q8_0 lays them: each float16 scale, then its 32 integers.

    Shape:
        values (..., K) -> uint8 (..., K / 32 * 34).
    """
    *outer, width = blocks.values.shape
    n_blocks = width // BLOCK
    scales = blocks.scales.astype("<f2")[..., None].view(np.uint8)
    values = blocks.values.reshape(*outer, n_blocks, BLOCK).view(np.uint8)
    return np.concatenate([scales, values], axis=-1).reshape(*outer, -1)


def _new_writer(path: Path, architecture: str) -> "GGUFWriter":
    try:
        from gguf import GGUFWriter
    except ImportError:
        raise ConfigError(
            "expected the package gguf, which writes GGUF files, found none; "
            f"install it with {installing('export')}"
        ) from None
    return GGUFWriter(path, architecture)


def _add_shape(writer: "GGUFWriter", spec: ModelSpec, kind: Format) -> None:
    """Add every number of the shape, those too that llama.cpp would guess right for most."""
    from gguf import GGUFType, LlamaFileType

    config = spec.model
    file_types = {
        Format.F32: LlamaFileType.ALL_F32,
        Format.F16: LlamaFileType.MOSTLY_F16,
        Format.Q8_0: LlamaFileType.MOSTLY_Q8_0,
    }
    writer.add_type(GGUFType.MODEL)
    writer.add_file_type(file_types[kind])
    writer.add_quantization_version(QUANTIZATION_VERSION)
    writer.add_vocab_size(spec.n_vocab)
    writer.add_context_length(spec.seq_len)
    writer.add_embedding_length(config.d_model)
    writer.add_block_count(config.n_layers)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_head_count(config.n_heads)
    writer.add_head_count_kv(config.n_kv_heads)
    writer.add_key_length(config.d_head)
    writer.add_value_length(config.d_head)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    _add_rope(writer, config)
    if config.moe is not None:
        _add_mixture(writer, config.moe)


def _add_rope(writer: "GGUFWriter", config: ModelConfig) -> None:
    from gguf import RopeScalingType

    writer.add_rope_dimension_count(config.d_head)
    writer.add_rope_freq_base(config.rope_theta)
    if config.rope_scaling is not None:
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(config.rope_scaling.factor)
        writer.add_rope_scaling_orig_ctx_len(config.rope_scaling.original_seq_len)


def _add_mixture(writer: "GGUFWriter", moe: MoEConfig) -> None:
    from gguf import ExpertGatingFuncType

    scores = {"sigmoid": ExpertGatingFuncType.SIGMOID, "softmax": ExpertGatingFuncType.SOFTMAX}
    writer.add_leading_dense_block_count(moe.n_dense_layers)
    writer.add_expert_count(moe.n_experts)
    writer.add_expert_used_count(moe.n_experts_per_token)
    writer.add_expert_feed_forward_length(moe.d_expert)
    writer.add_expert_shared_count(max(1, moe.n_shared_experts))  # one of zeros stands for none
    writer.add_expert_gating_func(scores[moe.router])
    writer.add_expert_weights_norm(weighs_by_share(moe.n_experts_per_token))
    writer.add_expert_weights_scale(1.0)
    writer.add_nextn_predict_layers(0)


def _add_tokenizer(writer: "GGUFWriter", pieces: list[Piece]) -> None:
    """Add the vocabulary. Its kinds have SentencePiece's numbers in GGUF too."""
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece.text.encode("utf-8") for piece in pieces])
    writer.add_token_scores([piece.score for piece in pieces])
    writer.add_token_types([piece.kind.value for piece in pieces])
    writer.add_bos_token_id(BOS_ID)
    writer.add_eos_token_id(EOS_ID)
    writer.add_unk_token_id(UNK_ID)
    writer.add_pad_token_id(PAD_ID)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def _write_tensors(writer: "GGUFWriter", weights: Weights, kind: Format) -> None:
    """Announce every tensor, write all that was added, and then the tensors one by one."""
    tensors = list(gguf_tensors(weights.spec.model))
    for tensor in tensors:
        _add_tensor(writer, tensor, weights.shape(tensor), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in tensors:
        writer.write_tensor_data(_encode(weights, tensor, kind))


def _add_tensor(writer: "GGUFWriter", tensor: Tensor, shape: tuple[int, ...], kind: Format) -> None:
    from gguf import GGMLQuantizationType

    if not _is_matrix(tensor, shape):
        kind = Format.F32
    if kind is Format.Q8_0:
        *outer, width = shape
        shape = (*outer, width // BLOCK * (SCALE_BYTES + BLOCK))
    dtype = np.dtype({Format.F32: "f4", Format.F16: "f2", Format.Q8_0: "u1"}[kind])
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    writer.add_tensor_info(tensor.name, shape, dtype, n_bytes, GGMLQuantizationType[kind.value])


def _is_matrix(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    return is_quantized(tensor.source or tensor.name, shape)


def _encode(weights: Weights, tensor: Tensor, kind: Format) -> np.ndarray:
    if kind is Format.F32 or not _is_matrix(tensor, weights.shape(tensor)):
        return weights.read(tensor)
    if kind is Format.Q8_0:
        return interleave(weights.read_blocks(tensor))
    return _halve(weights.read(tensor), tensor.name)


def _halve(values: np.ndarray, name: str) -> np.ndarray:
    """Round to float16, the nearest.

    Raises:
        IntegrityError: a value would become infinite.
    """
    largest = np.abs(values).max(initial=0)
    if not largest <= np.finfo(np.float16).max:
        raise IntegrityError(
            f"{name}: expected weights within 65504 for float16, found {largest:.3g}; the model "
            "diverged: train it again with a smaller train.lr"
        )
    return values.astype(np.float16)
