"""grouped_linear: each expert's rows by its own matrix, in values and gradients, however cut.

On a CPU, torch runs the calls that we make on CUDA by a loop of its own.
"""

from types import SimpleNamespace

import pytest
import torch

from alm.model.grouped import Groups, grouped_linear, has_kernel, padding


def wait(*_):
    raise AssertionError("the host asked for what the device has not computed yet")


LOADS = [5, 0, 64, 1, 130, 0]  # no row, one row, exactly one group of 64, and more


def random_case(loads=LOADS, pad_to=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    groups = Groups(torch.tensor(loads), pad_to)
    n_rows = groups.slices[-1].stop
    x_RI = torch.randn(n_rows, 16, generator=generator).to(dtype).requires_grad_()
    w_EOI = torch.randn(len(loads), 24, 16, generator=generator).to(dtype).requires_grad_()
    return x_RI, w_EOI, groups


def plain(x_RI, w_EOI, groups):
    """Do the same one expert at a time, with operations that autograd knows."""
    return torch.cat([x_RI[rows] @ w.T for w, rows in zip(w_EOI, groups.slices, strict=True)])


def values_and_gradients(multiply, x_RI, w_EOI, groups):
    y_RO = multiply(x_RI, w_EOI, groups)
    slope = torch.linspace(-1, 1, y_RO.numel()).view_as(y_RO).to(y_RO.dtype)
    return y_RO, *torch.autograd.grad((y_RO * slope).sum(), (x_RI, w_EOI))


@pytest.mark.parametrize("pad_to", [1, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_values_and_gradients_equal_a_plain_loop(pad_to, dtype):
    case = random_case(pad_to=pad_to, dtype=dtype)

    ours, expected = (values_and_gradients(f, *case) for f in (grouped_linear, plain))

    torch.testing.assert_close(ours, expected)


def test_expert_without_rows_has_a_gradient_of_zeros():
    x_RI, w_EOI, groups = random_case()

    grouped_linear(x_RI, w_EOI, groups).sum().backward()

    assert [bool(grad.any()) for grad in w_EOI.grad] == [load > 0 for load in LOADS]


def test_inputs_need_not_be_contiguous():
    x_RI, w_EOI, groups = random_case()
    spread_x = x_RI.detach().T.contiguous().T.requires_grad_()
    spread_w = w_EOI.detach().mT.contiguous().mT.requires_grad_()

    ours = values_and_gradients(grouped_linear, spread_x, spread_w, groups)

    assert not spread_x.is_contiguous()
    torch.testing.assert_close(ours, values_and_gradients(plain, x_RI, w_EOI, groups))


def test_gradient_may_be_spread_out_from_one_number():
    x_RI, w_EOI, groups = random_case()

    grouped_linear(x_RI, w_EOI, groups).sum().backward()  # an expanded, non-contiguous gradient

    torch.testing.assert_close(x_RI.grad[0], w_EOI[0].sum(0))


def test_float32_weights_serve_bfloat16_rows():
    x_RI, w_EOI, groups = random_case()

    y_RO = grouped_linear(x_RI.bfloat16(), w_EOI, groups)
    y_RO.sum().backward()

    assert y_RO.dtype == torch.bfloat16
    assert w_EOI.grad.dtype == x_RI.grad.dtype == torch.float32


@pytest.mark.parametrize("frozen", ["rows", "weights"])
def test_what_is_frozen_gets_no_gradient(frozen):
    x_RI, w_EOI, groups = random_case()
    (x_RI if frozen == "rows" else w_EOI).requires_grad_(False)

    grouped_linear(x_RI, w_EOI, groups).sum().backward()

    assert (x_RI.grad is None, w_EOI.grad is None) == (frozen == "rows", frozen == "weights")


def test_rows_of_each_expert_are_filled_up_to_a_multiple():
    groups = Groups(torch.tensor([1, 0, 64, 65]), pad_to=64)

    assert groups.slices == [slice(0, 64), slice(64, 64), slice(64, 128), slice(128, 256)]
    assert groups.starts_E.tolist() == [0, 64, 64, 128]
    assert groups.ends_E.tolist() == [64, 64, 128, 256]


def test_occupied_lists_the_experts_that_have_rows():
    groups = Groups(torch.tensor([3, 0, 1]), pad_to=1)

    assert groups.occupied == [(0, slice(0, 3)), (2, slice(3, 4))]


def test_host_never_waits(monkeypatch):
    case = random_case()
    for name in ("tolist", "item", "cpu", "numpy", "__bool__", "__int__", "__index__"):
        monkeypatch.setattr(torch.Tensor, name, wait, raising=False)

    grouped_linear(*case).sum().backward()


def test_kernel_is_for_whole_16_bytes_on_some_gpus_only(monkeypatch):
    x = SimpleNamespace(is_cuda=True, dtype=torch.bfloat16, device="cuda")
    found = {}
    for capability in [(8, 0), (8, 9), (9, 0), (10, 0), (12, 0)]:
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, c=capability: c)
        found[capability] = has_kernel(x, 64, 96)

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert [capability for capability in found if found[capability]] == [(9, 0), (10, 0)]
    assert not has_kernel(x, 64, 20)
    assert not has_kernel(torch.zeros(1, dtype=torch.bfloat16), 64)


def test_rows_are_filled_up_where_new_shapes_are_dear():
    x = torch.zeros(1)

    assert padding(x) == padding(x.double()) == 1
    assert padding(x.bfloat16()) == padding(x.half()) == 64


def test_kernel_that_skips_an_expert_without_rows_leaves_no_garbage(monkeypatch):
    x_RI, w_EOI, groups = random_case([8, 0, 8], dtype=torch.bfloat16)
    multiply = torch.nn.functional.grouped_mm

    def skip_empty(a, b, offs):
        product = multiply(a, b, offs=offs)
        return product.index_fill_(0, torch.tensor([1]), torch.nan) if b.ndim == 2 else product

    monkeypatch.setattr(torch.nn.functional, "grouped_mm", skip_empty)

    grouped_linear(x_RI, w_EOI, groups).sum().backward()

    assert [bool(grad.any()) for grad in w_EOI.grad] == [True, False, True]
    assert w_EOI.grad.isfinite().all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_kernel_equals_the_plain_loop():
    x_RI, w_EOI, groups = random_case(dtype=torch.bfloat16)
    case = [each.detach().cuda().requires_grad_() for each in (x_RI, w_EOI)]
    case.append(Groups(groups.loads_E.cuda(), 1))

    ours, expected = (values_and_gradients(f, *case) for f in (grouped_linear, plain))

    torch.testing.assert_close(ours, expected)
