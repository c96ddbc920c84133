"""What a shape is called elsewhere."""

import pytest

from alm.export import architecture_of

from .conftest import SOFTMAX


@pytest.mark.parametrize(
    ("moe", "name"),
    [
        (None, "Qwen3ForCausalLM"),
        ({}, "Glm4MoeForCausalLM"),
        (SOFTMAX, "Qwen3MoeForCausalLM"),
    ],
)
def test_a_shape_is_called_by_whether_and_how_it_chooses_experts(make_spec, moe, name):
    assert architecture_of(make_spec(moe=moe).model).class_name == name
