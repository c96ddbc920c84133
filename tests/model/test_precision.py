"""Number formats: what activations have, and weights cast once however often they are used."""

import copy

import pytest
import torch
import torch.nn.functional as F

from alm.model.precision import activation_dtype, cast_once, linear

BF16 = torch.bfloat16


@pytest.fixture
def weight():
    generator = torch.Generator().manual_seed(0)
    return torch.nn.Parameter(torch.randn(6, 4, generator=generator))


def step(weight, **options):
    weight.grad = torch.ones_like(weight)
    torch.optim.AdamW([weight], lr=0.5, **options).step()


def replace(weight):
    weight.data = torch.zeros(6, 4)


def load(weight):
    holder = torch.nn.Module()
    holder.weight = weight
    holder.load_state_dict({"weight": torch.ones(6, 4)})


CHANGES = {
    "fused optimizer": lambda weight: step(weight, fused=True),
    "looping optimizer": lambda weight: step(weight, foreach=False),
    "assignment in place": lambda weight: weight.detach().fill_(3),
    "new memory": replace,
    "state_dict": load,
}


def test_autocast_decides_while_it_is_on():
    x = torch.zeros(1)

    with torch.autocast("cpu", dtype=BF16):
        assert activation_dtype(x) == BF16
    assert activation_dtype(x) == torch.float32


def test_a_model_in_bfloat16_stays_so_without_autocast():
    assert activation_dtype(torch.zeros(1, dtype=BF16)) == BF16


def test_weight_is_cast_once_while_it_stays(weight):
    first = cast_once(weight, BF16)

    assert torch.equal(first, weight.bfloat16())
    assert cast_once(weight, BF16) is first
    assert not first.requires_grad


def test_first_rows_share_the_copy_of_the_whole(weight):
    whole = cast_once(weight, BF16)

    rows = cast_once(weight[:4], BF16)

    assert rows.data_ptr() == whole.data_ptr()
    assert torch.equal(rows, weight[:4].bfloat16())


@pytest.mark.parametrize("part", [slice(2, None), (slice(None), slice(2)), slice(None, None, 2)])
def test_any_other_part_is_cast_by_itself(weight, part):
    assert torch.equal(cast_once(weight[part], BF16), weight[part].bfloat16())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_copy_follows_every_change_of_the_weight(weight, change):
    before = cast_once(weight, BF16).clone()

    change(weight)

    assert torch.equal(cast_once(weight, BF16), weight.bfloat16())
    assert not torch.equal(before, weight.bfloat16())


def test_copy_follows_the_dtype_asked_for(weight):
    cast_once(weight, BF16)

    assert cast_once(weight, torch.float16).dtype == torch.float16


def test_weight_of_the_right_dtype_is_not_copied(weight):
    assert cast_once(weight, torch.float32).data_ptr() == weight.data_ptr()


def test_copy_is_in_no_state_and_in_no_deep_copy_of_the_model():
    model = torch.nn.Linear(4, 6)
    cast_once(model.weight, BF16)

    twin = copy.deepcopy(model)
    twin.weight.data.zero_()

    assert sorted(model.state_dict()) == ["bias", "weight"]
    assert not cast_once(twin.weight, BF16).any()


def test_copy_made_while_sampling_serves_training(weight):
    with torch.inference_mode():
        cast_once(weight, BF16)

    with torch.autocast("cpu", dtype=BF16):
        linear(torch.ones(1, 4), weight).sum().backward()

    assert weight.grad.any()


def test_product_and_gradients_are_those_of_autocast(weight):
    x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    results = []
    for function in (linear, F.linear):
        with torch.autocast("cpu", dtype=BF16):
            y = function(x, weight)
        results.append((y, *torch.autograd.grad(y.float().square().sum(), (x, weight))))

    ours, theirs = results
    assert [part.dtype for part in ours] == [BF16, torch.float32, torch.float32]
    assert all(map(torch.equal, ours, theirs))


def test_a_frozen_weight_gets_no_gradient(weight):
    x = torch.ones(1, 4, requires_grad=True)

    with torch.autocast("cpu", dtype=BF16):
        linear(x, weight.requires_grad_(False)).sum().backward()

    assert weight.grad is None
    assert x.grad.any()


def test_float32_is_the_plain_product(weight):
    x = torch.ones(2, 4)

    assert torch.equal(linear(x, weight), F.linear(x, weight))


def test_weight_made_while_sampling_is_cast_each_time():
    with torch.inference_mode():
        weight = torch.ones(2, 2)

    assert cast_once(weight, BF16).dtype == BF16
