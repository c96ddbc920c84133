"""What any mixture of experts must hold, whatever its router: shown on whole small networks."""

import pytest
import torch

from alm.model import balance_loss, mean_cross_entropy
from alm.model.moe import MixtureOfExperts
from alm.optim import group_parameters

IDS_BT = torch.randint(160, (4, 33), generator=torch.Generator().manual_seed(1))
N_TOKENS = 4 * 32
STACKS = ("w_gate_EFD", "w_up_EFD", "w_down_EDF")

ROUTERS = pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
CHOICES = pytest.mark.parametrize("k", [1, 2, 3, 8])


@pytest.fixture
def build(make_config, make_model):
    """Build a network of this kind of router that sends each token to k of 8 experts."""

    def make(kind, k, **changes):
        config = make_config(router=kind, n_experts_per_token=k, **changes)
        return make_model(config).train()

    return make


def mixtures(model):
    return [part for part in model.modules() if isinstance(part, MixtureOfExperts)]


def language_loss(model):
    hidden_BTD = model(IDS_BT[:, :-1]).hidden_BTD
    return mean_cross_entropy(hidden_BTD.flatten(0, 1), model.head_weight, IDS_BT[:, 1:].flatten())


@ROUTERS
def test_every_expert_is_in_the_optimizer_and_moves(build, kind):
    model = build(kind, k=2)
    groups = group_parameters(model.named_parameters())
    before = {name: stack.detach().clone() for name, stack in groups.matrices.items()}
    optimizer = torch.optim.AdamW([*groups.matrices.values(), *groups.rest.values()], lr=1e-3)

    for _ in range(3):
        optimizer.zero_grad()
        language_loss(model).backward()
        optimizer.step()

    moved = {
        name: (groups.matrices[name] - was).abs().amax((-2, -1)) for name, was in before.items()
    }
    stacks = [name for name in moved if name.endswith(STACKS)]
    assert len(stacks) == 2 * len(STACKS)
    # Weight decay alone moves a weight by a hundredth of this.
    assert all((moved[name] > 5e-4).all() for name in stacks)


@ROUTERS
@CHOICES
def test_language_loss_alone_trains_every_row_of_the_router(build, kind, k):
    model = build(kind, k)

    language_loss(model).backward()

    for mixture in mixtures(model):
        assert mixture.router.weight.grad.abs().amax(-1).min() > 1e-6


@ROUTERS
def test_routers_alone_lower_the_language_loss_with_a_single_expert(build, kind):
    model = build(kind, k=1)
    routers = [mixture.router.weight for mixture in mixtures(model)]
    before = language_loss(model).item()

    for _ in range(20):
        grads = torch.autograd.grad(language_loss(model), routers)
        for weight_ED, grad_ED in zip(routers, grads, strict=True):
            weight_ED.data -= 0.02 * grad_ED.sign()

    assert language_loss(model).item() < before - 0.05


@ROUTERS
@CHOICES
def test_shares_and_loads_agree_that_even_use_costs_one(build, kind, k):
    usage = build(kind, k)(IDS_BT[:, :-1]).usage

    torch.testing.assert_close(usage.shares_ME.sum(-1), torch.ones(2))
    even_ME = torch.full((2, 8), N_TOKENS * k // 8)
    assert balance_loss(even_ME, usage.shares_ME).item() == pytest.approx(1, rel=1e-5)


@ROUTERS
@CHOICES
def test_no_token_is_dropped_when_all_want_the_same_experts(build, kind, k):
    model = build(kind, k)
    with torch.no_grad():
        for mixture in mixtures(model):
            mixture.router.weight.zero_()  # all tie: topk takes the same experts for every token

    loads_ME = model(IDS_BT[:, :-1]).usage.loads_ME

    assert loads_ME.sum(-1).tolist() == [N_TOKENS * k] * 2
    assert loads_ME.unique().tolist() == ([0, N_TOKENS] if k < 8 else [N_TOKENS])
    assert language_loss(model).isfinite()


@ROUTERS
def test_weight_of_the_balance_loss_evens_the_loads_out(build, kind):
    model = build(kind, 2)
    routers = [mixture.router.weight for mixture in mixtures(model)]
    with torch.no_grad():
        for weight_ED in routers:
            weight_ED[0] = weight_ED[1]  # two experts that always go together
    usage = model(IDS_BT[:, :-1]).usage
    before = balance_loss(usage.loads_ME, usage.shares_ME)

    for _ in range(60):
        usage = model(IDS_BT[:, :-1]).usage
        grads = torch.autograd.grad(balance_loss(usage.loads_ME, usage.shares_ME), routers)
        for weight_ED, grad_ED in zip(routers, grads, strict=True):
            weight_ED.data -= 0.01 * grad_ED.sign()

    after = balance_loss(usage.loads_ME, usage.shares_ME)
    assert after < 1 + 0.6 * (before - 1)


def test_two_of_two_softmax_experts_are_a_soft_mixture(build):
    """``sum_e softmax(x W^T)_e ffn_e(x)``: what others call a dual feed-forward."""
    mixture = mixtures(build("softmax", 2, n_experts=2, n_shared_experts=0))[0]
    x_BTD = torch.randn(2, 20, 64, generator=torch.Generator().manual_seed(2))
    experts = mixture.experts

    chances_BTE = (x_BTD @ mixture.router.weight.T).softmax(-1)
    expected_BTD = torch.zeros_like(x_BTD)
    for e in range(2):
        gate, up = x_BTD @ experts.w_gate_EFD[e].T, x_BTD @ experts.w_up_EFD[e].T
        y_BTD = (gate * gate.sigmoid() * up) @ experts.w_down_EDF[e].T
        expected_BTD = expected_BTD + chances_BTE[..., e : e + 1] * y_BTD
    y_BTD, _ = mixture(x_BTD)

    torch.testing.assert_close(y_BTD, expected_BTD, rtol=1e-4, atol=1e-5)
    inputs = [mixture.router.weight, *experts.parameters()]
    grads = [torch.autograd.grad(y.square().sum(), inputs) for y in (y_BTD, expected_BTD)]
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-4)
