import ctypes

import numpy as np
import pytest
import torch

from alm.config import RopeScaling, WindowConfig
from alm.errors import IntegrityError
from alm.infer.native import why_not
from alm.infer.native.layout import Arena, turns
from alm.model.rotary import Rotary


def test_every_shape_of_the_ladder_can_be_read(config_of):
    assert why_not(config_of()) is None
    assert why_not(config_of("dense, untied, heads of 24")) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"position": "alibi"}, "position is alibi"),
        ({"rope_scaling": RopeScaling(factor=2.0, original_seq_len=64)}, "rope_scaling is set"),
        ({"window": WindowConfig(size=8, full_every=2)}, "window is set"),
        ({"d_model": 80}, "d_model is 80, no multiple of the 32"),
        ({"d_head": 10}, r"n_heads \* d_head is 40, no multiple"),
        ({"d_ff": 48}, "d_ff is 48, no multiple"),
    ],
)
def test_shape_that_cannot_be_read_says_why(changes, reason, config_of):
    assert why_not(config_of(**changes)).startswith(reason.replace("\\", ""))


def test_width_that_no_layer_has_is_no_hindrance(config_of):
    assert why_not(config_of("sigmoid, one of five", d_ff=48)) is None  # every layer is a mixture


@pytest.mark.parametrize(("theta", "d_head"), [(10_000.0, 64), (1_000_000.0, 24)])
def test_turns_are_those_of_the_network(theta, d_head):
    rotation = Rotary(d_head, theta)(0, 300, torch.device("cpu"))

    cosine, sine = turns(300, d_head, theta)

    assert np.array_equal(cosine, rotation.cos_T1H[:, 0, d_head // 2 :])
    assert np.array_equal(sine, rotation.sin_T1H[:, 0, d_head // 2 :])


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("norm.weight", None, "none"),
        ("blocks.0.attention.q.weight.scale", None, "none"),
        ("blocks.0.attention.k.weight", np.zeros((128, 96), np.float32), r"float32 \(128, 96\)"),
        ("blocks.1.feed_forward.experts.w_up_EFD", np.zeros((4, 32, 96), np.int8), r"int8 \(4, 32"),
        ("embed.weight", np.zeros((101, 96), np.int8), r"int8 \(101, 96\)"),
    ],
)
def test_tensor_that_does_not_fit_is_named(name, value, found, remake, library, open_model):
    made = remake()
    made.tensors = {each: x for each, x in made.tensors.items() if each != name}
    if value is not None:
        made.tensors[name] = value

    with pytest.raises(IntegrityError, match=f"as {name} of an int8 model, found {found}"):
        open_model(made, library)


def test_pieces_of_an_arena_are_aligned_and_apart():
    arena = Arena()
    arrays = [np.arange(n, dtype=np.float32) for n in (1, 17, 1 << 23, 5)]

    addresses = [arena.keep(each) for each in arrays]

    assert all(address % 64 == 0 for address in addresses)
    for address, array in zip(addresses, arrays, strict=True):
        assert ctypes.string_at(address, array.nbytes) == array.tobytes()
