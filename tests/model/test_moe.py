"""MixtureOfExperts: the sum it claims to be, with every part trained and nothing dropped."""

import pytest
import torch

from alm.config import MoEConfig
from alm.model import moe
from alm.model.grouped import Groups
from alm.model.moe import MixtureOfExperts

D = 16


@pytest.fixture
def make_mixture():
    def make(**changes):
        fields = {
            "router": "sigmoid",
            "n_dense_layers": 0,
            "n_experts": 6,
            "n_experts_per_token": 2,
        }
        config = MoEConfig(**(fields | {"n_shared_experts": 1, "d_expert": 24} | changes))
        mixture = MixtureOfExperts(D, config)
        generator = torch.Generator().manual_seed(0)
        for parameter in mixture.parameters():
            torch.nn.init.normal_(parameter, std=0.4, generator=generator)
        return mixture

    return make


@pytest.fixture
def x_BTD():
    return torch.randn(2, 30, D, generator=torch.Generator().manual_seed(1)).requires_grad_()


def plain(mixture, x_BTD):
    """Run every expert over every token, and weigh with zero what was not chosen."""
    x_SD = x_BTD.flatten(0, 1)
    routing, experts = mixture.router(x_SD), mixture.experts
    weights_SE = torch.zeros(len(x_SD), len(experts.w_up_EFD))
    weights_SE = weights_SE.scatter(1, routing.experts_SK, routing.weights_SK)
    y_SD = mixture.shared(x_SD) if mixture.shared else 0
    for e, weight_S in enumerate(weights_SE.unbind(1)):
        gate, up = x_SD @ experts.w_gate_EFD[e].T, x_SD @ experts.w_up_EFD[e].T
        inner = torch.nn.functional.silu(gate) * up
        y_SD = y_SD + weight_S.unsqueeze(1) * (inner @ experts.w_down_EDF[e].T)
    return y_SD.view_as(x_BTD)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_shared_experts": 0},
        {"n_shared_experts": 2},
        {"n_experts_per_token": 3},
        {"n_experts_per_token": 1},
        {"router": "softmax"},
        {"router": "softmax", "n_experts_per_token": 1},
    ],
    ids=str,
)
def test_values_and_gradients_equal_a_plain_loop_over_all_experts(make_mixture, x_BTD, changes):
    mixture = make_mixture(**changes)
    slope = torch.randn(x_BTD.shape, generator=torch.Generator().manual_seed(2))
    inputs = [x_BTD, *mixture.parameters()]

    results = []
    for y_BTD in (mixture(x_BTD)[0], plain(mixture, x_BTD)):
        results.append([y_BTD, *torch.autograd.grad((y_BTD * slope).sum(), inputs)])

    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def test_kernel_for_all_experts_gives_what_the_loop_gives(make_mixture, x_BTD, monkeypatch):
    """On a CPU, torch runs the calls that we make on CUDA by a loop of its own."""
    mixture, inputs = make_mixture().bfloat16(), x_BTD.detach().bfloat16().requires_grad_()
    loop_BTD, _ = mixture(inputs)
    loop_grads = torch.autograd.grad(loop_BTD.sum(), [inputs, *mixture.parameters()])

    monkeypatch.setattr(moe, "has_kernel", lambda *_: True)
    monkeypatch.delattr(Groups, "slices")  # the kernel must not wait for the host
    monkeypatch.setattr(moe, "padding", lambda x: 1)
    y_BTD, _ = mixture(inputs)
    grads = torch.autograd.grad(y_BTD.sum(), [inputs, *mixture.parameters()])

    torch.testing.assert_close((y_BTD, *grads), (loop_BTD, *loop_grads), rtol=0.03, atol=0.1)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")  # torch's own doing
def test_with_the_kernel_a_mixture_is_one_graph(make_mixture, x_BTD, monkeypatch):
    monkeypatch.setattr(moe, "has_kernel", lambda *_: True)
    monkeypatch.setattr(moe, "padding", lambda x: 1)
    mixture, inputs = make_mixture().bfloat16(), x_BTD.detach().bfloat16()
    expected_BTD, _ = mixture(inputs)

    y_BTD, _ = torch.compile(mixture, backend="eager", fullgraph=True)(inputs)
    y_BTD.sum().backward()

    torch.testing.assert_close(y_BTD, expected_BTD)
    assert mixture.experts.w_up_EFD.grad.any()


def test_no_token_is_dropped_when_all_choose_the_same_experts(make_mixture, x_BTD):
    mixture = make_mixture()
    mixture.router.selection_bias[:2] = 100.0

    y_BTD, routing = mixture(x_BTD)

    assert routing.loads_E.tolist() == [60, 60, 0, 0, 0, 0]
    torch.testing.assert_close(y_BTD, plain(mixture, x_BTD), rtol=1e-4, atol=1e-5)


def test_loads_count_every_assignment_once(make_mixture, x_BTD):
    loads_E = make_mixture(n_experts_per_token=3)(x_BTD)[1].loads_E

    assert loads_E.dtype == torch.int64
    assert loads_E.sum() == 3 * 60


def test_zero_shared_experts_build_no_shared_matrix(make_mixture):
    names = [name for name, _ in make_mixture(n_shared_experts=0).named_parameters()]

    assert not any("shared" in name for name in names)


def test_one_token_alone_gets_what_it_gets_among_others(make_mixture, x_BTD):
    mixture = make_mixture()

    alone, among = mixture(x_BTD[:1, 3:4])[0], mixture(x_BTD)[0][:1, 3:4]

    torch.testing.assert_close(alone, among, rtol=1e-4, atol=1e-5)
