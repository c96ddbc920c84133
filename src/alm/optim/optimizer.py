"""Both optimizers behind one face: one learning rate in, one flat state out."""

from collections.abc import Iterable

import torch
from torch import Tensor

from alm.config import OptimConfig
from alm.errors import CheckpointError
from alm.optim.groups import group_parameters
from alm.optim.muon import Muon


class Optimizer:
    """Muon or AdamW for the matrices, AdamW for the rest.

    AdamW is torch's fused one: besides being fast, it takes an IEEE square root, where the eager
    one on a CPU rounds differently from one instruction set to the next.

    Args:
        named: parameters with their names; the names become those of the saved state.
        config: the ``optim`` section.
        ns_dtype: type of Muon's Newton-Schulz iterations.
    """

    def __init__(
        self,
        named: Iterable[tuple[str, Tensor]],
        config: OptimConfig,
        ns_dtype: torch.dtype,
    ) -> None:
        groups = group_parameters(named)
        self._embedding_lr_ratio = config.embedding_lr_ratio
        self._names = {
            param: name for group in (groups.matrices, groups.rest) for name, param in group.items()
        }
        self._matrices = _build_matrices(list(groups.matrices.values()), config, ns_dtype)
        self._rest = _build_adamw(list(groups.rest.values()), config, weight_decay=0.0)

    @property
    def parameters(self) -> list[Tensor]:
        """Every parameter that is trained."""
        return list(self._names)

    def step(self, lr: float) -> None:
        """Move all parameters along their gradients and forget the gradients."""
        for optimizer, ratio in ((self._matrices, 1.0), (self._rest, self._embedding_lr_ratio)):
            for group in optimizer.param_groups:
                group["lr"] = lr * ratio
            optimizer.step()
        self.zero_grad()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for param in self._names:
            param.grad = None

    def state_tensors(self) -> dict[str, Tensor]:
        """Return the state as flat named tensors, such as ``norm.weight/exp_avg``."""
        return {
            f"{self._names[param]}/{key}": value
            for optimizer in (self._matrices, self._rest)
            for param, state in optimizer.state.items()
            for key, value in state.items()
        }

    def load_state_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what :meth:`state_tensors` returned, bit for bit.

        Raises:
            CheckpointError: a tensor belongs to no parameter.
        """
        owners = {
            self._names[param]: (optimizer, param)
            for optimizer in (self._matrices, self._rest)
            for group in optimizer.param_groups
            for param in group["params"]
        }
        for name, tensor in tensors.items():
            parameter, _, key = name.rpartition("/")
            if parameter not in owners:
                raise CheckpointError(
                    f"optimizer state {name!r} belongs to no parameter of this model; start a new "
                    "state with `make clean-state`"
                )
            optimizer, param = owners[parameter]
            optimizer.state[param][key] = tensor.to(param.device, copy=True)


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
