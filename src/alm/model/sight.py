"""Which tokens each token attends to, and how much less the far ones count.

Dimensions: B batch, T new tokens, P tokens with those in the cache, N query heads.
"""

import math
from functools import cached_property

import torch
from torch import Tensor

from alm.model.alibi import penalty


class Sight:
    """What one kind of layer sees in one forward pass; nothing of it depends on the weights.

    A token always sees itself, and never a later one.

    Args:
        n_past: tokens in the cache, before the new ones.
        n_tokens: new tokens (T).
        device: where masks are made.
        window: tokens that a token sees at most, itself among them; None: all before it.
        slopes_N: ALiBi's; None where queries and keys are turned instead.
        documents_BT: number of each new token's document; it sees no other. None: one for all.
    """

    def __init__(
        self,
        n_past: int,
        n_tokens: int,
        device: torch.device,
        window: int | None = None,
        slopes_N: tuple[float, ...] | None = None,
        documents_BT: Tensor | None = None,
    ) -> None:
        self.n_past = n_past
        self.n_tokens = n_tokens
        self.device = device
        self.window = None if window is None or window >= n_past + n_tokens else window
        self.slopes_N = slopes_N
        self.documents_BT = documents_BT

    @property
    def is_plain(self) -> bool:
        """Whether a token sees all before it, each counted alike."""
        return self.window is None and self.slopes_N is None and self.documents_BT is None

    @property
    def is_causal(self) -> bool:
        """Whether causal order among the new tokens is all that there is to know."""
        return self.is_plain and not self.n_past

    def sees(self, distance_TP: Tensor) -> Tensor:
        """Tell for each distance, from a key forward to a query, whether the query sees the key."""
        visible_TP = distance_TP >= 0
        return visible_TP if self.window is None else visible_TP & (distance_TP < self.window)

    def prepare(self) -> None:
        """Make the mask now, where the layers that share it may be compiled one by one."""
        _ = self.mask

    @cached_property
    def mask(self) -> Tensor | None:
        """What to give torch's attention beside :attr:`is_causal`; None: a token sees everything.

        Boolean, or float32 to be added to the scores; it broadcasts to (B, N, T, P).
        """
        if self.is_causal or (self.is_plain and self.n_tokens == 1):
            return None
        positions_P = torch.arange(self.n_past + self.n_tokens, device=self.device)
        distance_TP = positions_P[self.n_past :, None] - positions_P
        visible = self.sees(distance_TP)
        if self.documents_BT is not None:
            same_BTP = self.documents_BT[:, :, None] == self.documents_BT[:, None]
            visible = visible & same_BTP[:, None]
        if self.slopes_N is None:
            return visible
        return penalty(distance_TP, self.slopes_N)[None].masked_fill(~visible, -math.inf)
