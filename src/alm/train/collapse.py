"""Notice when a router has given up on some of its experts.

Dimensions: M mixture layers, E experts, S tokens, K experts per token.
"""

from typing import Self

import torch
from torch import Tensor

PATIENCE = 30
"""Steps in a row: an expert of a small batch may have a bad step, but hardly so many."""
IDLE = 0.1
"""An expert with less than this part of the mean load learns next to nothing."""


class CollapseAlarm:
    """Watches the loads of every step and speaks up once an expert has been left out for long.

    An expert is out of balance in a step if it has less than a tenth of the mean load, or is more
    than half way from the mean to all tokens, ``S * (K / E + 1) / 2``. The alarm goes off for an
    expert that is so for ``PATIENCE`` steps in a row, once until it has recovered.

    Args:
        n_experts_per_token: K, which the loads do not tell.
    """

    def __init__(self, n_experts_per_token: int) -> None:
        self._k = n_experts_per_token
        self._in_a_row_ME: Tensor | None = None

    def observe(self, loads_ME: Tensor) -> list[str]:
        """Take one step's loads (int64, all of its tokens); return a sentence for each alarm."""
        if not loads_ME.numel():
            return []
        loads_ME = loads_ME.cpu()
        if self._in_a_row_ME is None:
            self._in_a_row_ME = torch.zeros_like(loads_ME)
        self._in_a_row_ME = (self._in_a_row_ME + 1) * self._out_of_balance(loads_ME)
        due = (self._in_a_row_ME == PATIENCE).nonzero().tolist()
        return [_sentence(layer, expert, loads_ME[layer]) for layer, expert in due]

    def to_state(self) -> list[list[int]]:
        """Return as plain data for how many steps each expert has been out of balance."""
        return [] if self._in_a_row_ME is None else self._in_a_row_ME.tolist()

    @classmethod
    def from_state(cls, n_experts_per_token: int, state: list[list[int]]) -> Self:
        """Continue where :meth:`to_state` was called."""
        alarm = cls(n_experts_per_token)
        alarm._in_a_row_ME = torch.tensor(state) if state else None
        return alarm

    def _out_of_balance(self, loads_ME: Tensor) -> Tensor:
        n_experts = loads_ME.shape[-1]
        total_M1 = loads_ME.sum(-1, keepdim=True)
        n_tokens_M1 = total_M1 / self._k
        idle_ME = loads_ME < IDLE * total_M1 / n_experts
        return idle_ME | (loads_ME > n_tokens_M1 * (self._k / n_experts + 1) / 2)


def _sentence(layer: int, expert: int, loads_E: Tensor) -> str:
    load, total = int(loads_E[expert]), int(loads_E.sum())
    return (
        f"expert {expert} of mixture {layer} has {load / total:.1%} of the load, where even is "
        f"{1 / len(loads_E):.1%}, and so for {PATIENCE} steps; raise train.bias_rate (sigmoid "
        "routers) or train.balance_loss"
    )
