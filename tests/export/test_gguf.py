"""A GGUF file, read back by the package's own reader: every number where it belongs."""

import sys

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file

from alm.errors import ConfigError, IntegrityError
from alm.export.gguf import Format, interleave, write_gguf
from alm.export.weights import Weights
from alm.quant import quantize_blocks


@pytest.fixture
def write(source_of, tmp_path):
    """Write a file and open it."""

    def write(kind, shape="mixture"):
        source = source_of(shape)
        file = source.int8_weights if kind is Format.Q8_0 else source.float_weights
        with Weights.open(file, source.spec) as weights:
            write_gguf(tmp_path / "x.gguf", "small", weights, source.tokenizer.pieces, kind)
        return gguf.GGUFReader(tmp_path / "x.gguf")

    return write


def tensors_of(reader):
    return {each.name: each for each in reader.tensors}


def test_blocks_are_laid_out_as_the_package_quantizes():
    weights = np.random.default_rng(0).normal(0, 1, (3, 4, 96)).astype(np.float32)

    found = interleave(quantize_blocks(weights, "w"))

    assert (found == gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)).all()


def test_q8_0_holds_the_integers_and_scales_of_our_int8_file(write, source_of, tokenizer):
    stored, found = load_file(source_of().int8_weights), tensors_of(write(Format.Q8_0))
    pairs = {
        "token_embd.weight": "embed.weight",
        "output.weight": "head.weight",
        "blk.0.ffn_down.weight": "blocks.0.feed_forward.down.weight",
        "blk.1.attn_output.weight": "blocks.1.attention.o.weight",
        "blk.1.ffn_up_exps.weight": "blocks.1.feed_forward.experts.w_up_EFD",
        "blk.1.ffn_gate_shexp.weight": "blocks.1.feed_forward.shared.gate.weight",
    }
    for theirs, ours in pairs.items():
        blocks = found[theirs].data.reshape(-1, 34)
        values, scales = stored[ours], stored[f"{ours}.scale"]
        if theirs in ("token_embd.weight", "output.weight"):
            values, scales = (each[: tokenizer.vocab_size] for each in (values, scales))
        assert (blocks[:, :2].copy().view(np.float16)[:, 0] == scales.reshape(-1)).all(), theirs
        assert (blocks[:, 2:].view(np.int8) == values.reshape(-1, 32)).all(), theirs


@pytest.mark.parametrize("kind", Format)
def test_router_and_vectors_are_float32_in_every_format(write, source_of, kind):
    stored, found = load_file(source_of().float_weights), tensors_of(write(kind))
    whole = {name for name, each in found.items() if each.tensor_type.name == "F32"}

    routers = {"blk.1.ffn_gate_inp.weight", "blk.1.exp_probs_b.bias"}
    assert whole >= routers | {"output_norm.weight", "blk.0.attn_q_norm.weight"}
    assert (whole == set(found)) == (kind is Format.F32)
    router = stored["blocks.1.feed_forward.router.weight"]
    assert (found["blk.1.ffn_gate_inp.weight"].data == router).all()


def test_f16_is_rounded_to_the_nearest(write, source_of):
    stored, found = load_file(source_of().float_weights), tensors_of(write(Format.F16))

    experts = stored["blocks.1.feed_forward.experts.w_down_EDF"]
    assert (found["blk.1.ffn_down_exps.weight"].data == experts.astype(np.float16)).all()


def test_a_tied_network_has_no_output_matrix(write):
    assert "output.weight" not in tensors_of(write(Format.F32, "mixture, tied"))


def test_keys_are_those_of_the_shape_and_of_the_vocabulary(write, source_of, tokenizer):
    reader = write(Format.F32, "mixture, wide heads, no dense layer, two shared experts")
    read = {key: field.contents() for key, field in reader.fields.items()}

    expected = {
        "general.architecture": "glm4moe",
        "glm4moe.expert_gating_func": 2,
        "glm4moe.expert_weights_norm": True,
        "glm4moe.expert_shared_count": 2,
        "glm4moe.leading_dense_block_count": 0,
        "glm4moe.attention.key_length": 32,
        "glm4moe.rope.dimension_count": 32,
        "glm4moe.rope.freq_base": 5e4,
        "glm4moe.context_length": 48,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.ggml.tokens": [piece.text for piece in tokenizer.pieces],
        "tokenizer.ggml.token_type": [piece.kind.value for piece in tokenizer.pieces],
    }
    assert {key: read[key] for key in expected} == expected
    assert read["glm4moe.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)


def test_softmax_scores_are_told_and_what_glm_has_besides_is_zero(write):
    reader = write(Format.Q8_0, "softmax mixture")
    read = {key: field.contents() for key, field in reader.fields.items()}
    found = tensors_of(reader)

    assert read["general.architecture"] == "glm4moe"
    assert read["glm4moe.expert_gating_func"] == 1
    assert read["glm4moe.expert_weights_norm"]
    assert read["glm4moe.expert_shared_count"] == 1
    zeros = {name for name, each in found.items() if not each.data.any()}
    shared = {f"blk.1.ffn_{part}_shexp.weight" for part in ("gate", "up", "down")}
    assert zeros == {"blk.1.exp_probs_b.bias", *shared}


def test_stretched_positions_and_a_single_expert_are_told(write):
    reader = write(Format.F32, "mixture, one expert per token, stretched positions")
    read = {key: field.contents() for key, field in reader.fields.items()}

    expected = {
        "glm4moe.rope.scaling.type": "yarn",
        "glm4moe.rope.scaling.factor": 4.0,
        "glm4moe.rope.scaling.original_context_length": 16,
        "glm4moe.expert_weights_norm": False,
    }
    assert {key: read[key] for key in expected} == expected


def test_bytes_are_the_same_each_time(write, tmp_path):
    first = (write(Format.Q8_0) and tmp_path / "x.gguf").read_bytes()

    assert (write(Format.Q8_0) and tmp_path / "x.gguf").read_bytes() == first


def test_a_weight_too_large_for_float16_is_refused_by_name(write, monkeypatch):
    read = Weights.read
    monkeypatch.setattr(Weights, "read", lambda *given: read(*given) * np.float32(1e6))

    with pytest.raises(IntegrityError, match=r"\.weight: expected weights within 65504"):
        write(Format.F16)


def test_a_missing_package_is_named_with_its_cure(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)

    with pytest.raises(ConfigError, match=r"package gguf.*pip install .*'\.\[export\]'"):
        write(Format.F32)
