"""Offload: the same bits, state at home between steps, two optimizers' state away at most."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from alm.config import Params
from alm.optim import Offload, Optimizer, offload
from alm.optim import optimizer as parts

CONFIG = Params.load("tiny").optim
SHAPES = {"embed.weight": (50, 32), "a": (32, 32), "b": (2, 32, 32), "c": (64, 32), "norm": (32,)}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Move what is larger than a norm, in parts of about one parameter."""
    monkeypatch.setattr(offload, "SMALLEST", 1000)
    monkeypatch.setattr(parts, "PART", 2000)


def build(device="cpu", matrices="muon", **kwargs):
    generator = torch.Generator().manual_seed(0)
    named = {
        name: torch.nn.Parameter(torch.randn(shape, generator=generator).to(device))
        for name, shape in SHAPES.items()
    }
    config = replace(CONFIG, matrices=matrices)
    return named, Optimizer(named.items(), config, torch.float32, **kwargs)


def train(named, optimizer, steps):
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        for param in named.values():
            param.grad = torch.randn(param.shape, generator=generator).to(param.device)
        optimizer.step(0.02)


def same(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[key].cpu(), second[key].cpu()) for key in first)


def check_that_nothing_changes(device, matrices):
    plain, offloaded = build(device, matrices), build(device, matrices, offload=True)
    for each in (plain, offloaded):
        train(*each, range(3))
    named, again = build(device, matrices, offload=True)
    for name, param in named.items():
        param.data.copy_(offloaded[0][name].data)
    again.load_state_tensors(offloaded[1].state_tensors())

    train(*plain, range(3, 6))
    train(named, again, range(3, 6))

    assert same(plain[0], named)
    assert same(plain[1].state_tensors(), again.state_tensors())


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_nothing_changes_not_even_through_a_saved_state(matrices):
    check_that_nothing_changes("cpu", matrices)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_nothing_changes_on_a_gpu_and_the_state_is_in_pinned_memory(matrices):
    check_that_nothing_changes("cuda", matrices)
    named, offloaded = build("cuda", matrices, offload=True)
    train(named, offloaded, range(2))

    for name, tensor in offloaded.state_tensors().items():
        assert tensor.is_cuda == (tensor.numel() < 1000), name
        assert tensor.is_cuda or tensor.is_pinned(), name


def test_state_comes_home_to_the_same_memory_after_every_step():
    named, offloaded = build(offload=True)
    train(named, offloaded, range(1))
    homes = {name: tensor.data_ptr() for name, tensor in offloaded.state_tensors().items()}

    train(named, offloaded, range(1, 3))

    assert {name: t.data_ptr() for name, t in offloaded.state_tensors().items()} == homes


def sgds(n):
    """Optimizers of one parameter each, whose state is there from the start."""
    params = [torch.nn.Parameter(torch.zeros(1000)) for _ in range(n)]
    optimizers = [torch.optim.SGD([param], lr=0.1, momentum=0.9) for param in params]
    for optimizer, param in zip(optimizers, params, strict=True):
        optimizer.state[param]["momentum_buffer"] = torch.zeros(1000)
    return optimizers


def buffer(optimizer):
    return next(iter(optimizer.state.values()))["momentum_buffer"]


def test_state_of_one_that_works_and_of_the_next_is_away():
    optimizers = sgds(4)
    homes = [buffer(each) for each in optimizers]

    away = []
    for optimizer in Offload(optimizers, torch.device("cpu")).visit():
        assert optimizer is optimizers[len(away)]
        away.append(
            [buffer(each) is not home for each, home in zip(optimizers, homes, strict=True)]
        )

    assert away == [
        [True, True, False, False],
        [False, True, True, False],
        [False, False, True, True],
        [False, False, False, True],
    ]


class Stream:
    """Stands for a stream of a GPU: writes down what it is asked to wait for."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def record_event(self):
        return len(self.log)

    def wait_event(self, event):
        self.log.append(f"{self.name} waits for {self.log[event - 1]}")

    def wait_stream(self, other):
        self.log.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def log(monkeypatch):
    """What happens on the streams of a GPU that is not there."""
    events, copy_, to = [], torch.Tensor.copy_, torch.Tensor.to
    main = Stream("main", events)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: main)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda *_: None)

    def fetch(tensor, *args, **kwargs):
        events.append(f"fetch {int(tensor[0])}")
        return to(tensor, *args, **kwargs)

    def store(tensor, source, **kwargs):
        events.append(f"store {int(tensor[0])}")
        return copy_(tensor, source, **kwargs)

    monkeypatch.setattr(torch.Tensor, "to", fetch)
    monkeypatch.setattr(torch.Tensor, "copy_", store)
    return events


def test_on_a_gpu_copies_run_beside_the_steps_and_wait_for_just_what_they_need(log):
    optimizers = sgds(3)
    for number, optimizer in enumerate(optimizers):
        buffer(optimizer).fill_(number)
    offload = Offload(optimizers, torch.device("cpu"))
    offload._stream = Stream("copies", log)

    for optimizer in offload.visit():
        log.append(f"step {int(buffer(optimizer)[0])}")

    assert log == [
        *("fetch 0", "fetch 1", "main waits for fetch 0", "step 0"),
        *("copies waits for main", "store 0"),
        *("fetch 2", "main waits for fetch 1", "step 1", "copies waits for main", "store 1"),
        *("main waits for fetch 2", "step 2", "copies waits for main", "store 2"),
    ]


def test_small_tensors_live_on_the_device_and_large_ones_on_the_host():
    offload = Offload(sgds(1), torch.device("meta"))

    assert offload.settle(torch.zeros(999)).device.type == "meta"
    assert offload.settle(torch.zeros(1000)).device.type == "cpu"


def test_what_is_small_stays_on_the_device():
    named, offloaded = build(offload=True)
    train(named, offloaded, range(1))
    before = offloaded.state_tensors()["norm/exp_avg"]

    train(named, offloaded, range(1, 2))

    assert offloaded.state_tensors()["norm/exp_avg"] is before
