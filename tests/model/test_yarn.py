"""YaRN: the rates and the factor of transformers' own implementation."""

import pytest
import torch
from transformers import Qwen3Config
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from alm.config import RopeScaling
from alm.model.rotary import Rotary
from alm.model.yarn import sharpening

CASES = [  # width of a head, theta, factor, trained tokens
    (32, 1e4, 2.0, 128),
    (64, 1e4, 4.0, 512),
    (64, 1e6, 16.0, 4096),
    (128, 5e5, 32.0, 2048),
    (56, 1e4, 1.5, 1024),
    (8, 100.0, 8.0, 64),
]


def theirs(d_head, theta, factor, original_seq_len):
    """Ask transformers, which computes in float32 unless told otherwise."""
    rope = {"rope_type": "yarn", "rope_theta": theta, "factor": factor}
    rope |= {"original_max_position_embeddings": original_seq_len}
    length = int(factor * original_seq_len)
    config = Qwen3Config(head_dim=d_head, max_position_embeddings=length, rope_parameters=rope)
    return ROPE_INIT_FUNCTIONS["yarn"](config, torch.device("cpu"))


@pytest.mark.parametrize("case", CASES)
def test_rates_are_those_of_transformers(case):
    d_head, theta, factor, original_seq_len = case
    scaling = RopeScaling(factor=factor, original_seq_len=original_seq_len)

    rates, _ = theirs(*case)

    ours = torch.tensor(Rotary(d_head, theta, scaling).rates, dtype=torch.float64)
    torch.testing.assert_close(ours, rates.double(), rtol=2e-6, atol=0)


@pytest.mark.parametrize("case", CASES)
def test_scores_grow_by_the_square_of_what_transformers_multiplies_each_side_with(case):
    scaling = RopeScaling(factor=case[2], original_seq_len=case[3])

    assert sharpening(scaling) == pytest.approx(theirs(*case)[1] ** 2)


def test_fast_components_keep_their_rate_and_slow_ones_are_slowed_by_the_factor():
    plain = Rotary(64, 1e4).rates
    stretched = Rotary(64, 1e4, RopeScaling(factor=4.0, original_seq_len=512)).rates

    ratios = [now / before for now, before in zip(stretched, plain, strict=True)]
    assert ratios[0] == 1
    assert ratios[-1] == pytest.approx(1 / 4)
    assert ratios == sorted(ratios, reverse=True)
