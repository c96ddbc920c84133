"""loop_experts: the weighted sum over a token's experts, in values and gradients."""

import pytest
import torch
from torch.nn.functional import silu

from alm.model.dispatch import plan_dispatch
from alm.model.expert_loop import loop_experts
from alm.model.router import Routing, count_loads

S, E, D, F = 90, 5, 12, 20


def random_case(k=2, pad_to=1, dtype=torch.float64, idle=2):
    """Tokens, weights and matrices, and a plan in which expert ``idle`` has no rows."""
    generator = torch.Generator().manual_seed(0)
    chances_SE = torch.rand(S, E, generator=generator)
    chances_SE[:, idle] = -1
    experts_SK = chances_SE.topk(k).indices
    loads_E, none = count_loads(experts_SK, E), torch.zeros(())
    routing = Routing(chances_SE, experts_SK, chances_SE, loads_E, loads_E, none, none)
    shapes = [(S, D), (S, k), (E, F, D), (E, F, D), (E, D, F)]
    tensors = [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]
    return [each.requires_grad_() for each in tensors], plan_dispatch(routing, pad_to), experts_SK


def plain(x_SD, weights_SK, w_gate_EFD, w_up_EFD, w_down_EDF, experts_SK):
    """Run every expert over every token, and add up those chosen."""
    gate_ESF, up_ESF = x_SD @ w_gate_EFD.mT, x_SD @ w_up_EFD.mT
    y_ESD = (silu(gate_ESF) * up_ESF) @ w_down_EDF.mT
    tokens_S1 = torch.arange(S).unsqueeze(1)
    return (y_ESD[experts_SK, tokens_S1] * weights_SK.unsqueeze(-1)).sum(1)


def values_and_gradients(y_SD, tensors):
    slope = torch.linspace(-1, 1, y_SD.numel(), dtype=y_SD.dtype).view_as(y_SD)
    return y_SD, *torch.autograd.grad((y_SD * slope).sum(), tensors)


@pytest.mark.parametrize("pad_to", [1, 64])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_equals_a_plain_loop_over_all_experts(k, pad_to):
    tensors, plan, experts_SK = random_case(k, pad_to)

    ours = values_and_gradients(loop_experts(*tensors, plan), tensors)

    expected = values_and_gradients(plain(*tensors, experts_SK), tensors)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)


def test_bfloat16_is_near_float32():
    tensors, plan, experts_SK = random_case(dtype=torch.float32)
    expected = values_and_gradients(plain(*tensors, experts_SK), tensors)

    halves = [each.bfloat16() for each in tensors]
    halves[1] = tensors[1]
    ours = values_and_gradients(loop_experts(*halves, plan), tensors)

    for half, full in zip(ours, expected, strict=True):
        assert torch.cosine_similarity(half.flatten().float(), full.flatten(), dim=0) > 0.9999


def test_float32_matrices_serve_bfloat16_tokens():
    (x_SD, *rest), plan, _ = random_case(dtype=torch.float32)

    y_SD = loop_experts(x_SD.bfloat16(), *rest, plan)
    y_SD.sum().backward()

    assert y_SD.dtype == torch.bfloat16
    assert {each.grad.dtype for each in (x_SD, *rest)} == {torch.float32}


def test_expert_without_rows_has_a_gradient_of_zeros():
    tensors, plan, _ = random_case(idle=3)

    loop_experts(*tensors, plan).sum().backward()

    for matrix in tensors[2:]:
        assert matrix.grad.flatten(1).any(1).tolist() == [True, True, True, False, True]


def test_host_reads_the_loads_once(monkeypatch):
    reads = []
    tolist = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda x: reads.append(x) or tolist(x))
    tensors, plan, _ = random_case(pad_to=64)

    loop_experts(*tensors, plan).sum().backward()

    assert len(reads) == 1


def test_only_what_the_backward_pass_needs_is_kept():
    """The input, a weight for each row, and two hidden layers: not the rows, in or out."""
    tensors, plan, _ = random_case(dtype=torch.float32)
    sizes = []

    def note(tensor):
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, note):
        loop_experts(*tensors, plan)

    n_rows = len(plan.token_R)
    assert sum(sizes) == S * D + n_rows + 2 * n_rows * F + 3 * E * D * F
