"""Keys and values of the tokens already read, so that none is computed twice.

Dimensions: L layers, B batch, T tokens, G key/value heads, H width of a head.
"""

import torch
from torch import Tensor

from alm.config import ModelConfig
from alm.errors import InputError


class Positions:
    """How many tokens a cache holds, of how many that there is room for.

    Args:
        max_len: tokens there is room for.
    """

    def __init__(self, max_len: int) -> None:
        self.length = 0
        self.max_len = max_len

    def require_room(self, n_tokens: int) -> None:
        """Check that ``n_tokens`` more fit.

        Raises:
            InputError: they do not.
        """
        if self.length + n_tokens > self.max_len:
            raise InputError(
                f"expected at most {self.max_len} tokens, found {self.length} and {n_tokens} more, "
                "in the key/value cache; shorten the text or make a longer cache"
            )

    def advance(self, n_tokens: int) -> None:
        """Count ``n_tokens`` as read, once every layer has stored them."""
        self.length += n_tokens

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on."""
        self.length = min(self.length, length)


class KVCache(Positions):
    """Room for ``max_len`` tokens of every layer, allocated once.

    A forward pass appends its tokens in each layer and then calls :meth:`advance`. A longer past
    can be cut back with :meth:`truncate`, to answer several prompts that begin alike.

    Args:
        config: the shape of the network.
        batch_size: sequences side by side (B); all have the same length.
        max_len: tokens there is room for.
        dtype: of what is kept; bfloat16 halves the memory.
        device: where the network runs.
    """

    def __init__(
        self,
        config: ModelConfig,
        batch_size: int,
        max_len: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        shape = (config.n_layers, batch_size, config.n_kv_heads, max_len, config.d_head)
        super().__init__(max_len)
        self._keys_LBGTH = torch.zeros(shape, dtype=dtype, device=device)
        self._values_LBGTH = torch.zeros(shape, dtype=dtype, device=device)

    def append(self, layer: int, k_BTGH: Tensor, v_BTGH: Tensor) -> tuple[Tensor, Tensor]:
        """Store one layer's new keys and values; return all that it has by now, (B, P, G, H)."""
        stop = self.length + k_BTGH.shape[1]
        # Head by head in memory, as attention reads them; token by token to whoever looks at them.
        keys_BTGH = self._keys_LBGTH[layer].transpose(1, 2)
        values_BTGH = self._values_LBGTH[layer].transpose(1, 2)
        keys_BTGH[:, self.length : stop] = k_BTGH
        values_BTGH[:, self.length : stop] = v_BTGH
        return keys_BTGH[:, :stop].to(k_BTGH.dtype), values_BTGH[:, :stop].to(v_BTGH.dtype)
