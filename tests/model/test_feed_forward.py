"""FeedForward: SwiGLU."""

import torch
import torch.nn.functional as F

from alm.model.feed_forward import FeedForward, swiglu


def test_gate_decides_how_much_of_up_passes():
    up = torch.tensor([[2.0, 2.0, 2.0]])

    passed = swiglu(torch.tensor([[-30.0, 0.0, 30.0]]), up)

    torch.testing.assert_close(passed, torch.tensor([[0.0, 0.0, 60.0]]))


def test_layer_is_down_of_gated_up():
    layer = FeedForward(4, 6)
    for i, parameter in enumerate(layer.parameters()):
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(i))
    x = torch.randn(2, 3, 4)

    inner = F.silu(x @ layer.gate.weight.T) * (x @ layer.up.weight.T)

    torch.testing.assert_close(layer(x), inner @ layer.down.weight.T)


def test_gradients_of_the_gate_are_autograds_own():
    gate, up = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0)).unbind()
    inputs = gate.requires_grad_(), up.requires_grad_()
    slope = torch.linspace(-1, 1, 20).view(5, 4)

    grads = [
        torch.autograd.grad((y * slope).sum(), inputs) for y in (swiglu(*inputs), F.silu(gate) * up)
    ]

    torch.testing.assert_close(*grads)


def test_nothing_is_kept_but_what_goes_in():
    kept, (gate, up) = [], torch.ones(2, 5, 4, requires_grad=True)

    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.data_ptr()), lambda x: x):
        swiglu(gate, up)

    assert sorted(kept) == sorted([gate.data_ptr(), up.data_ptr()])
