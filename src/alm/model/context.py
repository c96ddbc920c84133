"""What each layer needs to know about the tokens of one forward pass.

Dimensions: B batch, T new tokens, P tokens with those in the cache, N query heads, G key/value
heads, H width of a head.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from alm.config import ModelConfig
from alm.model.alibi import slopes
from alm.model.cache import KVCache
from alm.model.rotary import Rotary, Rotation
from alm.model.sight import Sight


class Context(NamedTuple):
    """The tokens' positions, who sees whom in this layer, and what it has read before.

    A layer is told no number of its own: layers of one kind are one program to a compiler, which
    would make another for each number.
    """

    rotation: Rotation
    sight: Sight
    append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None
    """Stores new keys and values, (B, T, G, H); returns all, (B, P, G, H). None: no cache."""
    is_token_BT: Tensor | None
    """Which of them are no padding; None: all."""


class Contexts:
    """Make the contexts of each forward pass of a network of this shape."""

    def __init__(self, config: ModelConfig) -> None:
        self.d_head = config.d_head
        self.windows = tuple(config.window_of(layer) for layer in range(config.n_layers))
        self.rotary, self.slopes_N = None, None
        if config.position == "alibi":
            self.slopes_N = slopes(config.n_heads)
        else:
            self.rotary = Rotary(config.d_head, config.rope_theta, config.rope_scaling)

    def read(
        self,
        ids_BT: Tensor,
        cache: KVCache | None,
        documents_BT: Tensor | None,
        is_token_BT: Tensor | None,
    ) -> list[Context]:
        """Return each layer's context of ``ids_BT``, which follow what is in ``cache``.

        Raises:
            InputError: the cache has no room for them.
            ValueError: there are both documents and a cache, which does not know of any.
        """
        n_tokens, n_past = ids_BT.shape[1], 0
        if cache is not None:
            if documents_BT is not None:
                raise ValueError("expected documents_BT or a cache, found both")
            cache.require_room(n_tokens)
            n_past = cache.length
        seen = {
            window: Sight(n_past, n_tokens, ids_BT.device, window, self.slopes_N, documents_BT)
            for window in dict.fromkeys(self.windows)
        }
        if cache is not None or ids_BT.device.type != "cpu":
            for sight in seen.values():
                sight.prepare()
        rotation = self._turn(n_past, n_past + n_tokens, ids_BT.device)
        return [
            Context(rotation, seen[window], cache and partial(cache.append, layer), is_token_BT)
            for layer, window in enumerate(self.windows)
        ]

    def _turn(self, start: int, stop: int, device: torch.device) -> Rotation:
        if self.rotary is not None:
            return self.rotary(start, stop, device)
        return Rotation.none(stop - start, self.d_head, device)
