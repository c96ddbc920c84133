"""Optimizer state that lives in host memory and visits the device for its step only."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

SMALLEST = 1 << 14  # numbers; what is smaller stays on the device, since copying it costs more


class Offload:
    """Brings the state of one optimizer after the other to the device, and takes it back.

    While one works, the state of the next is on its way: copies run on a stream of their own, from
    and to pinned memory, so that the state of two at most is on the device. On a CPU the copies are
    plain ones and spare nothing. No bit of a result depends on any of it.

    Args:
        optimizers: at least one, each with parameters on ``device``; stepped in this order.
        device: where the parameters are.
    """

    def __init__(self, optimizers: list[torch.optim.Optimizer], device: torch.device) -> None:
        self._optimizers = optimizers
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._homes: dict[tuple[Tensor, str], Tensor] = {}  # of what is on the device now

    def visit(self) -> Iterator[torch.optim.Optimizer]:
        """Yield each optimizer while its state is on the device, to be stepped there and then."""
        arrival = self._fetch(self._optimizers[0])
        for index, optimizer in enumerate(self._optimizers, start=1):
            following = self._fetch(*self._optimizers[index : index + 1])
            if arrival:
                torch.cuda.current_stream(self._device).wait_event(arrival)
            yield optimizer
            self._store(optimizer)
            arrival = following

    def wait(self) -> None:
        """Return when all that was taken back is in host memory, for the CPU to read."""
        if self._stream:
            self._stream.synchronize()

    def settle(self, tensor: Tensor) -> Tensor:
        """Copy a tensor of the state to where it lives between steps."""
        if tensor.numel() < SMALLEST:
            return tensor.to(self._device, copy=True)
        home = torch.empty_like(tensor, device="cpu", pin_memory=self._stream is not None)
        return home.copy_(tensor, non_blocking=self._stream is not None)

    def _fetch(self, *optimizers: torch.optim.Optimizer) -> torch.Event | None:
        """Begin to copy state to the device; return what happens when it is there."""
        stepping = torch.cuda.current_stream(self._device) if self._stream else None
        with self._copying():
            for param, state, key in _large_tensors(*optimizers):
                home = self._homes[param, key] = state[key]
                state[key] = home.to(self._device, non_blocking=self._stream is not None, copy=True)
                if stepping:  # its memory is not given away while the step reads it
                    state[key].record_stream(stepping)
        return self._stream.record_event() if self._stream else None

    def _store(self, optimizer: torch.optim.Optimizer) -> None:
        """Begin to copy state back, once the step that was asked for is done with it."""
        if self._stream:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with self._copying():
            for param, state, key in _large_tensors(optimizer):
                moved, home = state[key], self._homes.pop((param, key), None)
                if self._stream:
                    moved.record_stream(self._stream)
                state[key] = self._take(moved, home)

    def _take(self, moved: Tensor, home: Tensor | None) -> Tensor:
        """Copy to where it was fetched from; the first time, to where it shall live."""
        if home is None:
            return self.settle(moved)
        return home.copy_(moved, non_blocking=self._stream is not None)

    def _copying(self) -> AbstractContextManager[Any]:
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()


def _large_tensors(
    *optimizers: torch.optim.Optimizer,
) -> Iterator[tuple[Tensor, dict[str, Tensor], str]]:
    """Yield parameter, its state, and the key there of each tensor that is worth moving."""
    for optimizer in optimizers:
        for param, state in optimizer.state.items():
            for key in state:
                if state[key].numel() >= SMALLEST:
                    yield param, state, key
