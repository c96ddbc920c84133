"""What a shape is called elsewhere, and which shapes no file there can hold."""

import pytest

from alm.config import list_models, load_model_config
from alm.errors import ConfigError
from alm.export import architecture_of, check_exportable


@pytest.mark.parametrize("name", list_models())
def test_every_shape_of_the_house_can_be_exported(name):
    check_exportable(load_model_config(name))


def test_a_dense_shape_is_a_qwen3_and_a_mixture_a_glm4_moe(make_spec):
    assert architecture_of(make_spec(moe=None).model).class_name == "Qwen3ForCausalLM"
    assert architecture_of(make_spec().model).class_name == "Glm4MoeForCausalLM"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"d_model": 80}, "d_model = 80"),
        ({"n_heads": 3, "n_kv_heads": 1}, r"n_heads \* d_head = 48"),
        ({"d_ff": 100}, "d_ff = 100"),
        ({"moe": {"d_expert": 24}}, "moe.d_expert = 24"),
        ({"d_model": 80, "d_ff": 100}, "d_model = 80, d_ff = 100"),
    ],
)
def test_a_row_that_blocks_do_not_divide_is_refused_by_the_name_of_its_field(
    make_spec, changes, named
):
    with pytest.raises(ConfigError, match=f"multiples of 32 wide.*found {named}; .*configs/models"):
        check_exportable(make_spec(**changes).model)


def test_a_width_that_no_matrix_has_is_let_through(make_spec):
    check_exportable(make_spec(d_ff=100, moe={"n_dense_layers": 0}).model)
