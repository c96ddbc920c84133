"""Figures: numbers that survive the way from the device, in one piece and to the bit."""

import math

import pytest
import torch

from alm.train.figures import Figures

EMPTY = torch.zeros(0, 0, dtype=torch.int64)
LOADS_ME = torch.tensor([[3, 1, 0, 4], [2, 2, 2, 2]])


@pytest.mark.parametrize("loss", [1.1, 0.0, -0.0, 1e-45, 3e38, math.inf, -math.inf])
def test_numbers_arrive_to_the_bit(loss):
    figures = Figures.read(torch.tensor(loss), torch.tensor(0.3), LOADS_ME)

    assert torch.tensor(figures.loss).equal(torch.tensor(loss))
    assert math.copysign(1, figures.loss) == math.copysign(1, loss)
    assert figures.grad_norm == torch.tensor(0.3).item()
    assert torch.equal(figures.loads_ME, LOADS_ME)


def test_what_is_not_a_number_arrives_as_such():
    assert math.isnan(Figures.read(torch.tensor(math.nan), torch.tensor(1.0), EMPTY).loss)


def test_loads_beyond_what_float32_can_count_arrive_exactly():
    loads_ME = torch.tensor([[2**24 + 1, 2**40 + 1]])

    assert torch.equal(Figures.read(torch.zeros(()), torch.zeros(()), loads_ME).loads_ME, loads_ME)


class OneCopy(torch.Tensor):
    """Stands for a tensor on a GPU: it counts how often somebody waits for its values."""

    waits = 0

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        waiting = {torch.Tensor.cpu, torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.double}
        if function not in waiting:
            return super().__torch_function__(function, types, args, kwargs or {})
        OneCopy.waits += 1
        with torch._C.DisableTorchFunctionSubclass():
            result = function(*args)
            return result.as_subclass(torch.Tensor) if isinstance(result, torch.Tensor) else result


def test_the_host_waits_for_the_device_once():
    """MPS has no float64 either: nothing is made one before it is here."""
    OneCopy.waits = 0
    loss, norm, loads_ME = (
        each.as_subclass(OneCopy) for each in (torch.tensor(2.0), torch.tensor(0.5), LOADS_ME)
    )

    figures = Figures.read(loss, norm, loads_ME)

    assert (figures.loss, figures.busiest) == (2.0, 2.0)
    assert figures.entropy < 1
    assert OneCopy.waits == 1


def test_even_loads_have_an_entropy_of_one():
    even = Figures(0.0, 0.0, torch.full((2, 4), 5))

    assert (even.busiest, even.entropy) == (1.0, pytest.approx(1.0))


def test_one_expert_that_has_all_is_as_uneven_as_can_be():
    uneven = Figures(0.0, 0.0, torch.tensor([[8, 0, 0, 0]]))

    assert (uneven.busiest, uneven.entropy) == (4.0, 0.0)


@pytest.mark.parametrize("loads_ME", [EMPTY, torch.tensor([[7]])])
def test_evenness_of_nothing_or_of_one_is_not_known(loads_ME):
    assert Figures(0.0, 0.0, loads_ME).entropy is None


def test_without_experts_none_is_busiest():
    assert Figures(0.0, 0.0, EMPTY).busiest is None
