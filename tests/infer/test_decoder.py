"""Decoder and Network: what we have is what the engine asks for."""

import inspect

import pytest

from alm.infer import Decoder, Network
from alm.infer.native_network import NativeNetwork, NativeSequence
from alm.infer.torch_network import TorchDecoder, TorchNetwork


def promised(protocol):
    return [name for name in vars(protocol) if not name.startswith("_")]


@pytest.mark.parametrize(("protocol", "ours"), [(Decoder, TorchDecoder), (Network, TorchNetwork)])
def test_torch_keeps_the_promise(protocol, ours, make_model):
    network = TorchNetwork(make_model(), "cpu", 8)
    instance = network if ours is TorchNetwork else network.new_decoder()

    for name in promised(protocol):
        asked, given = vars(protocol)[name], getattr(instance, name)
        if isinstance(asked, property):
            assert isinstance(given, int), name
        else:
            names = list(inspect.signature(asked).parameters)[1:]
            assert list(inspect.signature(given).parameters) == names, name


@pytest.mark.parametrize(
    ("protocol", "ours"), [(Decoder, NativeSequence), (Network, NativeNetwork)]
)
def test_the_c_program_is_asked_in_the_same_words(protocol, ours):
    for name in promised(protocol):
        asked = vars(protocol)[name]
        if not isinstance(asked, property):
            parameters = inspect.signature(vars(ours)[name]).parameters
            assert list(parameters) == list(inspect.signature(asked).parameters), name
