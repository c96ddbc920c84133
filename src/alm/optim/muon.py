"""Muon: momentum whose update is made orthogonal, for matrices and stacks of matrices.

Stacks matter here: the experts of a layer are one (E, M, N) tensor, and each of its E matrices is
orthogonalised by itself. Matrices of equal shape, of one stack or of many, are worked on in batches
that fit the cache, always the same ones: they follow from the model, the device and its threads.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from alm.optim.groups import by_shape
from alm.optim.newton_schulz import orthogonalize

CACHED = 1 << 18  # numbers per CPU thread: a batch and its three intermediates fit L2 or nearly
ON_DEVICE = 1 << 26  # elsewhere: few large launches; the intermediates take 4 times 128 MiB


class _Stack(NamedTuple):
    """Matrices of one parameter, (S, M, N) each."""

    weight: Tensor
    gradient: Tensor
    momentum: Tensor

    def part(self, start: int, stop: int) -> "_Stack":
        return _Stack(*(tensor[start:stop] for tensor in self))


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, with decoupled weight decay.

    The update of an (M, N) matrix has its singular values near one; it is scaled by
    ``0.2 * sqrt(max(M, N))``, which gives it the root mean square of an AdamW update, so that one
    learning rate and one weight decay serve both optimizers.

    Args:
        params: tensors of two or more dimensions; the last two are the matrix.
        lr: learning rate.
        momentum: decay of the running gradient.
        ns_steps: Newton-Schulz iterations.
        weight_decay: decoupled, multiplied by ``lr``.
        dtype: of the iterations; bfloat16 only where matrix units make it fast.

    Reference:
        Jordan et al. 2024 (kellerjordan.github.io/posts/muon); the scale is Liu et al. 2025
        (Moonlight, arXiv:2502.16982), section 2.2. Same as ``torch.optim.Muon`` with
        ``adjust_lr_fn="match_rms_adamw"`` on single matrices, but for the type of the iterations.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        *,
        momentum: float,
        ns_steps: int,
        weight_decay: float,
        dtype: torch.dtype,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "ns_steps": ns_steps,
            "weight_decay": weight_decay,
        }
        super().__init__(params, defaults)
        self._dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient; the gradients are used up, as scratch space."""
        for group in self.param_groups:
            with_gradient = [param for param in group["params"] if param.grad is not None]
            for params in by_shape(with_gradient):
                for batch in _cut(map(self._stack, params), _batch_size(params[0])):
                    self._step_batch(batch, group)

    def _stack(self, param: Tensor) -> _Stack:
        """Look at a parameter, its gradient and its momentum as stacks of matrices."""
        state = self.state[param]
        if not state:
            state["momentum"] = torch.zeros_like(param)
        shape = (-1, *param.shape[-2:])
        return _Stack(
            weight=param.view(shape),
            gradient=param.grad.reshape(shape),
            momentum=state["momentum"].view(shape),
        )

    def _step_batch(self, batch: list[_Stack], group: dict) -> None:
        """Move matrices of one shape, all in one batch."""
        weights, gradients, momenta = (list(tensors) for tensors in zip(*batch, strict=True))
        torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
        torch._foreach_lerp_(gradients, momenta, group["momentum"])  # Nesterov's look ahead
        ahead = gradients[0] if len(gradients) == 1 else torch.cat(gradients)
        update = orthogonalize(ahead.to(self._dtype), group["ns_steps"]).to(ahead.dtype)
        scale = 0.2 * max(update.shape[-2:]) ** 0.5
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        updates = update.split([len(weight) for weight in weights])
        torch._foreach_add_(weights, updates, alpha=-group["lr"] * scale)


def _batch_size(param: Tensor) -> int:
    """Return how many matrices like those of ``param`` to work on at a time.

    On a CPU each thread multiplies whole matrices; what they do to one is still in the cache when
    the next product, or the elementwise work around them, reads it.
    """
    numel = param.shape[-2] * param.shape[-1]
    if param.device.type == "cpu":
        return torch.get_num_threads() * max(1, CACHED // numel)
    return max(1, ON_DEVICE // numel)


def _cut(stacks: Iterable[_Stack], size: int) -> Iterator[list[_Stack]]:
    """Yield batches of ``size`` matrices, the last one of what is left; a stack may be divided."""
    batch, room = [], size
    for stack in stacks:
        start, stop = 0, len(stack.weight)
        while start < stop:
            part = stack.part(start, min(stop, start + room))
            batch.append(part)
            start, room = start + len(part.weight), room - len(part.weight)
            if not room:
                yield batch
                batch, room = [], size
    if batch:
        yield batch
