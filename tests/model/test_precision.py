"""activation_dtype: what autocast asks for, else what is there."""

import torch

from alm.model.precision import activation_dtype


def test_autocast_decides_while_it_is_on():
    x = torch.zeros(1)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert activation_dtype(x) == torch.bfloat16
    assert activation_dtype(x) == torch.float32


def test_a_model_in_bfloat16_stays_so_without_autocast():
    assert activation_dtype(torch.zeros(1, dtype=torch.bfloat16)) == torch.bfloat16
