"""Optimizer: both halves learn, decay is where it belongs, the state continues bit for bit."""

from dataclasses import replace

import pytest
import torch

from alm.config import Params
from alm.errors import CheckpointError
from alm.optim import Optimizer
from alm.optim import optimizer as module

CONFIG = Params.load("tiny").optim


class Toy(torch.nn.Module):
    """A lookup and two maps, so that every kind of parameter is there."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Embedding(7, 8)
        self.first = torch.nn.Linear(8, 8)
        self.second = torch.nn.Linear(8, 7, bias=False)

    def forward(self, ids):
        return self.second(torch.tanh(self.first(self.embed(ids))))


def loss_of(model):
    ids = torch.arange(7)
    return torch.nn.functional.cross_entropy(model(ids), ids.roll(1))


def build(model, config=CONFIG):
    return Optimizer(model.named_parameters(), config, torch.float32)


def train(model, optimizer, n_steps):
    for _ in range(n_steps):
        loss_of(model).backward()
        optimizer.step(0.02)


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_learns_a_permutation(matrices):
    model = Toy()
    before = loss_of(model).item()

    train(model, build(model, replace(CONFIG, matrices=matrices)), 100)

    assert loss_of(model).item() < before / 4


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_continues_bit_for_bit_from_its_state(matrices):
    config = replace(CONFIG, matrices=matrices)
    straight, resumed = Toy(), Toy()
    train(straight, build(straight, config), 6)
    first = build(resumed, config)
    train(resumed, first, 3)

    again = build(resumed, config)
    again.load_state_tensors({k: v.clone() for k, v in first.state_tensors().items()})
    train(resumed, again, 3)

    for ours, theirs in zip(resumed.parameters(), straight.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_forgetting_the_state_would_be_seen():
    straight, resumed = Toy(), Toy()
    train(straight, build(straight), 6)
    train(resumed, build(resumed), 3)

    train(resumed, build(resumed), 3)

    assert not torch.equal(resumed.first.weight, straight.first.weight)


def test_the_rest_moves_as_adam_writes_it_down_at_its_own_rate():
    """Kingma and Ba 2015, algorithm 1, in float64, with this section's betas and eps."""
    config = replace(CONFIG, betas=(0.8, 0.7), eps=0.01, embedding_lr_ratio=3.0)
    start, *gradients = torch.randn(4, 5, 8, generator=torch.Generator().manual_seed(1))
    param = torch.nn.Parameter(start.clone())
    optimizer = Optimizer([("embed.weight", param)], config, torch.float32)
    for gradient in gradients:
        param.grad = gradient.clone()
        optimizer.step(0.02)

    expected, first, second = start.double(), 0.0, 0.0
    for t, gradient in enumerate(gradients, start=1):
        first = 0.8 * first + 0.2 * gradient.double()
        second = 0.7 * second + 0.3 * gradient.double() ** 2
        root = (second / (1 - 0.7**t)).sqrt()
        expected = expected - 3.0 * 0.02 * first / (1 - 0.8**t) / (root + 0.01)
    torch.testing.assert_close(param.data.double(), expected, atol=1e-6, rtol=0)


def test_only_matrices_decay():
    model = Toy()
    before = {name: param.detach().clone() for name, param in model.named_parameters()}
    optimizer = build(model)
    for param in model.parameters():
        param.grad = torch.zeros_like(param)

    optimizer.step(0.5)

    moved = {
        name for name, param in model.named_parameters() if not torch.equal(param, before[name])
    }
    assert moved == {"first.weight", "second.weight"}


def test_gradients_are_forgotten_after_a_step():
    model = Toy()
    optimizer = build(model)

    train(model, optimizer, 1)

    assert all(param.grad is None for param in model.parameters())


def test_parts_change_nothing_but_rounding(monkeypatch):
    whole, parts = Toy(), Toy()
    train(whole, build(whole), 3)
    monkeypatch.setattr(module, "PART", 1)
    train(parts, build(parts), 3)

    torch.testing.assert_close(parts.state_dict(), whole.state_dict())


def test_state_of_another_model_is_refused():
    with pytest.raises(CheckpointError, match="'third.weight/momentum' belongs to no parameter"):
        build(Toy()).load_state_tensors({"third.weight/momentum": torch.zeros(1)})


@pytest.mark.parametrize(("one", "other"), [("muon", "adamw"), ("adamw", "muon")])
def test_state_of_another_optimizer_is_refused(one, other):
    model = Toy()
    optimizer = build(model, replace(CONFIG, matrices=one))
    train(model, optimizer, 1)

    with pytest.raises(CheckpointError, match="another optimizer left; set optim.matrices as it"):
        build(Toy(), replace(CONFIG, matrices=other)).load_state_tensors(optimizer.state_tensors())
