"""balance_loss: 1 when even, more when not, and a push from the busy to the idle."""

import pytest
import torch

from alm.model import balance_loss

E = 4


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_even_use_costs_one_for_any_number_of_experts_per_token(k):
    loads_ME = torch.full((2, E), 30 * k)

    assert balance_loss(loads_ME, torch.full((2, E), 1 / E)).item() == pytest.approx(1)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_k_experts_taking_all_cost_e_over_k(k):
    all_to_k_E = torch.tensor([1] * k + [0] * (E - k))

    loss = balance_loss(60 * all_to_k_E[None], all_to_k_E[None] / k)

    assert loss.item() == pytest.approx(E / k)


def test_layers_count_the_same_whatever_their_loads():
    loads_ME = torch.tensor([[8, 0, 0, 0], [100, 100, 100, 100]])
    shares_ME = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])

    assert balance_loss(loads_ME, shares_ME).item() == pytest.approx((4 + 1) / 2)


def test_gradient_lowers_the_shares_of_the_busy_the_most():
    shares_ME = torch.full((1, E), 1 / E, requires_grad=True)

    balance_loss(torch.tensor([[40, 20, 20, 0]]), shares_ME).backward()

    assert shares_ME.grad.tolist() == [[2.0, 1.0, 1.0, 0.0]]


def test_no_mixture_costs_nothing():
    none_ME = torch.zeros(0, 0, dtype=torch.int64)

    assert balance_loss(none_ME, none_ME.float()).item() == 0
