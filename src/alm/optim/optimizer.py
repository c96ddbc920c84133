"""All optimizers behind one face: one learning rate in, one flat state out."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from alm.config import OptimConfig
from alm.errors import CheckpointError
from alm.optim.groups import by_shape, cut_into_parts, group_parameters
from alm.optim.muon import Muon
from alm.optim.offload import Offload

KEPT = {Muon: ("momentum",), torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq")}
"""What each keeps of a parameter."""
PART = 1 << 26  # numbers whose state is on the device at a time where it is offloaded


class Optimizer:
    """Muon or AdamW for the matrices, AdamW for the rest.

    Either works on one part of the parameters after the other. Parts are a function of the model
    alone, so that offloading, which is done part by part, changes no bit.

    AdamW is torch's fused one: besides being fast, it takes an IEEE square root, where the eager
    one on a CPU rounds differently from one instruction set to the next.

    Args:
        named: parameters with their names; the names become those of the saved state.
        config: the ``optim`` section.
        ns_dtype: type of Muon's Newton-Schulz iterations.
        offload: whether the state lives in host memory between steps; see :class:`Offload`.
    """

    def __init__(
        self,
        named: Iterable[tuple[str, Tensor]],
        config: OptimConfig,
        ns_dtype: torch.dtype,
        *,
        offload: bool = False,
    ) -> None:
        groups = group_parameters(named)
        self._names = {
            param: name for group in (groups.matrices, groups.rest) for name, param in group.items()
        }
        matrices, rest = groups.matrices.values(), groups.rest.values()
        shares = [part for alike in by_shape(matrices) for part in cut_into_parts(alike, PART)]
        self._lr_ratios = {_build_matrices(part, config, ns_dtype): 1.0 for part in shares}
        for part in cut_into_parts(rest, PART):
            adamw = _build_adamw(part, config, weight_decay=0.0)
            self._lr_ratios[adamw] = config.embedding_lr_ratio
        device = next(iter(self._names)).device
        self._offload = Offload(list(self._lr_ratios), device) if offload else None

    @property
    def parameters(self) -> list[Tensor]:
        """Every parameter that is trained."""
        return list(self._names)

    def step(self, lr: float) -> None:
        """Move all parameters along their gradients and forget the gradients."""
        for optimizer in self._offload.visit() if self._offload else self._lr_ratios:
            for group in optimizer.param_groups:
                group["lr"] = lr * self._lr_ratios[optimizer]
            optimizer.step()
        self.zero_grad()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for param in self._names:
            param.grad = None

    def state_tensors(self) -> dict[str, Tensor]:
        """Return the state as flat named tensors, such as ``norm.weight/exp_avg``.

        They are the optimizer's own, not copies: the next step changes them.
        """
        if self._offload:
            self._offload.wait()
        return {
            f"{self._names[param]}/{key}": value
            for optimizer in self._lr_ratios
            for param, state in optimizer.state.items()
            for key, value in state.items()
        }

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what :meth:`state_tensors` returned, bit for bit.

        Raises:
            CheckpointError: a tensor belongs to no parameter, or another optimizer left it.
        """
        owners = {self._names[param]: (optimizer, param) for optimizer, param in self._members()}
        for name, tensor in tensors.items():
            parameter, _, key = name.rpartition("/")
            if parameter not in owners:
                raise CheckpointError(
                    f"optimizer state {name!r} belongs to no parameter of this model; start a new "
                    "state with `make clean-state`"
                )
            optimizer, param = owners[parameter]
            kept = KEPT[type(optimizer)]
            if key not in kept:
                raise CheckpointError(
                    f"expected {' and '.join(kept)} of {parameter}, found {key!r}, which another "
                    "optimizer left; set optim.matrices as it was, or start a new state with "
                    "`make clean-state`"
                )
            optimizer.state[param][key] = (
                self._offload.settle(tensor)
                if self._offload
                else tensor.to(param.device, copy=True)
            )

    def _members(self) -> Iterator[tuple[torch.optim.Optimizer, Tensor]]:
        """Yield each optimizer with each of its parameters."""
        for optimizer in self._lr_ratios:
            for group in optimizer.param_groups:
                for param in group["params"]:
                    yield optimizer, param


def _build_matrices(
    params: list[Tensor], config: OptimConfig, ns_dtype: torch.dtype
) -> torch.optim.Optimizer:
    if config.matrices == "adamw":
        return _build_adamw(params, config, config.weight_decay)
    return Muon(
        params,
        lr=0.0,
        momentum=config.momentum,
        ns_steps=config.ns_steps,
        weight_decay=config.weight_decay,
        dtype=ns_dtype,
    )


def _build_adamw(
    params: list[Tensor], config: OptimConfig, weight_decay: float
) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        params,
        lr=0.0,
        betas=config.betas,
        eps=config.eps,
        weight_decay=weight_decay,
        fused=True,
    )
