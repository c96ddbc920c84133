"""Router: the choice, its weights, and the bias that moves the choice."""

from dataclasses import replace

import pytest
import torch

from alm.config import MoEConfig
from alm.model.router import Router, choose, count_loads, share, weigh

CONFIG = MoEConfig(
    router="sigmoid",
    n_dense_layers=0,
    n_experts=4,
    n_experts_per_token=2,
    n_shared_experts=0,
    d_expert=8,
)


@pytest.fixture
def make_router():
    def make(**changes):
        router = Router(8, replace(CONFIG, **changes))
        torch.nn.init.normal_(router.weight, generator=torch.Generator().manual_seed(0))
        return router

    return make


@pytest.fixture
def router(make_router):
    return make_router()


def test_weights_are_the_chosen_sigmoids_rescaled_to_one(router):
    x_SD = torch.randn(5, 8)

    routing = router(x_SD)

    chosen_SK = (x_SD @ router.weight.T).sigmoid().gather(-1, routing.experts_SK)
    torch.testing.assert_close(routing.weights_SK, chosen_SK / chosen_SK.sum(-1, keepdim=True))


def test_softmax_weights_are_the_chosen_probabilities_rescaled_to_one(make_router):
    router, x_SD = make_router(router="softmax"), torch.randn(5, 8)

    routing = router(x_SD)

    exp_SE = (x_SD @ router.weight.T).exp()
    best_SK = exp_SE.sort(descending=True).values[:, :2]
    torch.testing.assert_close(routing.weights_SK, best_SK / best_SK.sum(-1, keepdim=True))
    torch.testing.assert_close(routing.scores_SE, exp_SE / exp_SE.sum(-1, keepdim=True))


def test_softmax_router_has_no_selection_bias_to_save_or_to_move(make_router):
    router = make_router(router="softmax")

    router.update_selection_bias(torch.tensor([9, 0, 0, 0]), rate=0.1)

    assert list(router.state_dict()) == ["weight"]


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_single_expert_weighs_what_it_scores(make_router, kind):
    routing = make_router(router=kind, n_experts_per_token=1)(torch.randn(5, 8))

    assert torch.equal(routing.weights_SK, routing.scores_SE.max(-1, keepdim=True).values)
    assert (routing.weights_SK < 1).all()


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_z_loss_is_the_mean_square_of_the_logits_logsumexp(make_router, kind):
    router, x_SD = make_router(router=kind), torch.randn(5, 8)

    z_loss = router(x_SD).z_loss

    expected = ((x_SD @ router.weight.T).exp().sum(-1).log() ** 2).sum() / 5
    torch.testing.assert_close(z_loss, expected)
    assert torch.autograd.grad(z_loss, router.weight)[0].any()


def test_share_weighs_every_token_the_same():
    scores_SE = torch.tensor([[0.1, 0.3], [0.9, 0.1]])

    torch.testing.assert_close(share(scores_SE), torch.tensor([0.575, 0.425]))


def test_bias_moves_the_choice_and_not_the_weights(router):
    x_SD = torch.randn(50, 8)
    before = router(x_SD)

    router.selection_bias[3] = 10.0
    routing = router(x_SD)

    assert (routing.experts_SK == 3).any(-1).all()
    assert torch.equal(routing.scores_SE, before.scores_SE)
    torch.testing.assert_close(routing.weights_SK, weigh(before.scores_SE, routing.experts_SK))


def test_bias_that_all_experts_share_changes_nothing():
    scores_SE = torch.rand(20, 4)

    assert torch.equal(choose(scores_SE, torch.full((4,), 0.25), 2), choose(scores_SE, 0.0, 2))


def test_bias_has_no_gradient_and_is_saved(router):
    assert "selection_bias" in router.state_dict()
    assert [name for name, _ in router.named_parameters()] == ["weight"]


def test_scores_are_float32_under_autocast(router):
    x_SD = torch.randn(3, 8).bfloat16()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        routing = router(x_SD)

    assert routing.weights_SK.dtype == torch.float32
    assert torch.equal(routing.scores_SE, (x_SD.float() @ router.weight.T).sigmoid())


def test_vanishing_scores_give_finite_weights():
    weights_SK = weigh(torch.zeros(1, 4), torch.tensor([[0, 1]]))

    assert weights_SK.tolist() == [[0.0, 0.0]]


def test_loads_count_every_assignment_once():
    experts_SK = torch.tensor([[0, 3], [3, 1], [3, 0]])

    assert count_loads(experts_SK, 5).tolist() == [2, 1, 0, 3, 0]


def test_update_lifts_the_idle_and_lowers_the_busy(router):
    router.update_selection_bias(torch.tensor([10, 6, 2, 6]), rate=0.1)

    torch.testing.assert_close(router.selection_bias, torch.tensor([-0.1, 0.0, 0.1, 0.0]))


def test_update_keeps_the_mean_of_the_biases(router):
    for _ in range(10):
        router.update_selection_bias(torch.tensor([100, 0, 0, 0]), rate=0.1)

    assert router.selection_bias.mean().item() == pytest.approx(0.0, abs=1e-6)
    assert router.selection_bias[0] < router.selection_bias[1]


def test_updates_even_out_a_skewed_router(router):
    router.weight.data[0] += 1.0  # with inputs around 1, expert 0 starts ahead
    x_SD = 1 + 0.5 * torch.randn(512, 8, generator=torch.Generator().manual_seed(1))
    skew_before = router(x_SD).loads_E.max().item()

    for _ in range(300):
        router.update_selection_bias(router(x_SD).loads_E, rate=0.01)

    assert skew_before > 1.8 * 256
    assert router(x_SD).loads_E.max().item() < 1.15 * 256
