"""Dispatch and combine: every assignment has one row, its own, and comes back weighted."""

import pytest
import torch

from alm.model.dispatch import combine, dispatch, plan_dispatch, sum_rows
from alm.model.router import Routing, count_loads

S, E, K, D = 40, 6, 2, 5


@pytest.fixture
def routing():
    """Random experts, but none for expert 2."""
    generator = torch.Generator().manual_seed(0)
    chances_SE = torch.rand(S, E, generator=generator)
    chances_SE[:, 2] = -1
    experts_SK = chances_SE.topk(K).indices
    weights_SK = torch.rand(S, K, generator=generator).requires_grad_()
    loads_E = count_loads(experts_SK, E)
    use = loads_E, chances_SE.mean(0), torch.zeros(())
    return Routing(weights_SK, experts_SK, chances_SE, loads_E, *use)


@pytest.fixture(params=[1, 64])
def plan(request, routing):
    return plan_dispatch(routing, request.param)


def test_every_assignment_has_a_row_of_its_own_in_its_experts_group(plan, routing):
    assert plan.row_SK.unique().numel() == S * K
    for token in range(S):
        for row, expert in zip(plan.row_SK[token], routing.experts_SK[token], strict=True):
            rows = plan.groups.slices[expert]
            assert rows.start <= row < rows.stop
            assert plan.token_R[row] == token


def test_an_expert_reads_its_tokens_in_their_order(plan, routing):
    for expert, rows in enumerate(plan.groups.slices):
        tokens = plan.token_R[rows][: routing.loads_E[expert]]
        assert tokens.tolist() == sorted(tokens.tolist())


def test_identity_experts_give_each_token_times_its_weights(plan, routing):
    x_SD = torch.randn(S, D)

    y_SD = combine(dispatch(x_SD, plan), routing.weights_SK, plan)

    torch.testing.assert_close(y_SD, x_SD * routing.weights_SK.sum(-1, keepdim=True))


def test_gradients_equal_those_of_plain_indexing(plan, routing):
    x_SD = torch.randn(S, D, requires_grad=True)
    slope_SD = torch.randn(S, D)
    scale_R1 = torch.randn(len(plan.token_R), 1)

    ours = combine(scale_R1 * dispatch(x_SD, plan), routing.weights_SK, plan)
    rows_RD = scale_R1 * x_SD[plan.token_R]
    expected = (rows_RD[plan.row_SK] * routing.weights_SK.unsqueeze(-1)).sum(1)

    torch.testing.assert_close(ours, expected)
    grads = [
        torch.autograd.grad((y * slope_SD).sum(), (x_SD, routing.weights_SK), retain_graph=True)
        for y in (ours, expected)
    ]
    torch.testing.assert_close(*grads)


def test_rows_that_only_fill_up_get_no_gradient(routing):
    plan = plan_dispatch(routing, 64)
    y_RD = torch.randn(len(plan.token_R), D, requires_grad=True)

    combine(y_RD, routing.weights_SK, plan).sum().backward()

    filling_R = torch.ones(len(plan.token_R), dtype=torch.bool)
    filling_R[plan.row_SK.flatten()] = False
    assert filling_R.sum() == len(plan.token_R) - S * K > 0
    assert not y_RD.grad[filling_R].any()


def test_sum_of_bfloat16_rows_is_rounded_once(routing):
    plan = plan_dispatch(routing, 1)
    y_RD = torch.randn(S * K, D).bfloat16()

    y_SD = combine(y_RD, routing.weights_SK, plan)

    assert torch.equal(y_SD, combine(y_RD.float(), routing.weights_SK, plan).bfloat16())


def test_portable_sums_avoid_the_kernel_made_for_the_cpu_at_hand(monkeypatch):
    """It leaves a processor with AVX-512 in a state in which SSE instructions take four times."""
    y_RD = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    row_SK = torch.tensor([[0, 3], [5, 1], [2, 4]])
    expected = sum_rows(y_RD, row_SK)
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    monkeypatch.setattr("torch.nn.functional.embedding_bag", None)

    torch.testing.assert_close(sum_rows(y_RD, row_SK), expected)
