"""Tensors of a published model, as others' files hold them."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from alm.errors import IntegrityError
from alm.export.names import Tensor, gguf_tensors, huggingface_tensors
from alm.export.weights import Weights
from alm.quant import dequantize_blocks


@pytest.fixture
def open_weights(source_of):
    def open_weights(shape="mixture", int8=False):
        source = source_of(shape)
        path = source.int8_weights if int8 else source.float_weights
        return Weights.open(path, source.spec)

    return open_weights


def test_rows_above_the_vocabulary_are_cut_off(source_of, open_weights, tokenizer):
    stored = load_file(source_of().float_weights)
    with open_weights() as weights:
        for name in ("embed.weight", "head.weight"):
            assert len(stored[name]) > tokenizer.vocab_size
            found = weights.read(Tensor("x", name))
            assert (found == stored[name][: tokenizer.vocab_size]).all()
            assert weights.shape(Tensor("x", name)) == found.shape


def test_an_expert_is_one_matrix_of_its_stack(source_of, open_weights):
    name = "blocks.1.feed_forward.experts.w_down_EDF"
    stored = load_file(source_of().float_weights)[name]
    with open_weights() as weights:
        for expert in range(4):
            assert (weights.read(Tensor("x", name, expert)) == stored[expert]).all()


@pytest.mark.parametrize(
    "shape", ["mixture", "mixture without a shared expert", "dense", "softmax mixture"]
)
@pytest.mark.parametrize("list_tensors", [huggingface_tensors, gguf_tensors])
def test_shapes_are_those_of_what_is_read(source_of, open_weights, shape, list_tensors):
    with open_weights(shape) as weights:
        for tensor in list_tensors(source_of(shape).spec.model):
            assert weights.read(tensor).shape == weights.shape(tensor), tensor.name


def test_blocks_are_those_of_the_int8_file(source_of, open_weights):
    name = "blocks.1.feed_forward.shared.up.weight"
    stored = load_file(source_of().int8_weights)
    with open_weights(int8=True) as weights:
        blocks = weights.read_blocks(Tensor("x", name))

        assert (blocks.values == stored[name]).all()
        assert (blocks.scales == stored[name + ".scale"]).all()
        assert weights.read_blocks(Tensor("x", "norm.weight")) is None


def test_a_part_that_ours_does_without_is_zeros(open_weights):
    tensor = Tensor("ffn_down_shexp.weight", None)
    with open_weights("mixture without a shared expert") as weights:
        assert weights.read(tensor).shape == (64, 32)
        assert not weights.read(tensor).any()
        assert (dequantize_blocks(weights.read_blocks(tensor)) == np.zeros((64, 32))).all()


def test_a_selection_bias_that_ours_does_without_is_zeros(open_weights):
    tensor = Tensor("blk.1.exp_probs_b.bias", None)
    with open_weights("softmax mixture") as weights:
        assert weights.read(tensor).tolist() == [0, 0, 0, 0]


def test_a_damaged_file_is_refused_by_name(tmp_path, make_spec):
    (tmp_path / "model.safetensors").write_bytes(b"nothing")

    with (
        pytest.raises(IntegrityError, match=r"cannot read .*model\.safetensors"),
        Weights.open(tmp_path / "model.safetensors", make_spec()),
    ):
        pass
