"""require_finite: what is not a number is not passed on."""

import pytest
import torch

from alm.errors import IntegrityError
from alm.model import require_finite


def test_finite_scores_are_passed_on():
    scores = torch.tensor([0.0, -1e38])

    assert require_finite(scores) is scores


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_anything_else_is_refused(value):
    with pytest.raises(IntegrityError, match=r"NaN or infinity: it diverged; .*smaller train\.lr"):
        require_finite(torch.tensor([0.0, value]))
