"""The whole network: embedding, blocks, a last norm, and the matrix back to the vocabulary.

Dimensions: B batch, T tokens, D d_model, V rows of the output matrix in use, M mixture layers,
E experts.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alm.config import ModelConfig
from alm.errors import ConfigError
from alm.model.attention import Attention, Context
from alm.model.cache import KVCache
from alm.model.feed_forward import FeedForward
from alm.model.moe import Balance, MixtureOfExperts
from alm.model.norm import RMSNorm
from alm.model.projection import Embedding, Projection
from alm.model.rotary import Rotary


class Forward(NamedTuple):
    """What one pass over the tokens gives."""

    hidden_BTD: Tensor  # after the last norm, in the dtype of the activations
    balance_loss: Tensor  # float32 scalar, the mean over mixture layers; 0 without any
    loads_ME: Tensor  # int64, assignments to each expert; (0, 0) without any


class Block(nn.Module):
    """One layer: attention, then a feed-forward or a mixture, each added to what it read.

    Shape:
        x_BTD -> (B, T, D), and the experts' balance where there are any.

    Reference:
        Xiong et al. 2020 (arXiv:2002.04745), figure 1b: the norm before each part.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.d_model, config.norm_eps)
        if config.moe and layer >= config.moe.n_dense_layers:
            self.feed_forward = MixtureOfExperts(config.d_model, config.moe)
        else:
            self.feed_forward = FeedForward(config.d_model, config.d_ff)

    def forward(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Balance | None]:
        """Apply the layer."""
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), context, self.layer)
        normal_BTD = self.feed_forward_norm(x_BTD)
        if isinstance(self.feed_forward, MixtureOfExperts):
            y_BTD, balance = self.feed_forward(normal_BTD)
            return x_BTD + y_BTD, balance
        return x_BTD + self.feed_forward(normal_BTD), None


class Transformer(nn.Module):
    """A decoder-only language model.

    Its weights are zero until ``init_weights`` or a checkpoint fills them.

    Args:
        config: the shape.
        n_vocab: tokens of the tokenizer (V). Rows of the embedding beyond it stay unused: the
            network never predicts them.

    Raises:
        ConfigError: the tokenizer has more tokens than the shape has rows.
    """

    def __init__(self, config: ModelConfig, n_vocab: int) -> None:
        super().__init__()
        if n_vocab > config.vocab_size:
            raise ConfigError(
                f"expected a tokenizer of at most {config.vocab_size} tokens (the shape's "
                f"vocab_size), found {n_vocab} (tokenizer.vocab_size); lower tokenizer.vocab_size "
                "or raise the shape's vocab_size"
            )
        self.config = config
        self.n_vocab = n_vocab
        self.embed = Embedding(config.vocab_size, config.d_model)
        self.rotary = Rotary(config.d_head, config.rope_theta)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.head = None
        if not config.tied_embeddings:
            self.head = Projection(config.d_model, config.vocab_size)

    @property
    def head_weight(self) -> Tensor:
        """The output matrix, (V, D): the embedding itself where they are tied."""
        weight = self.embed.weight if self.head is None else self.head.weight
        return weight if self.n_vocab == len(weight) else weight[: self.n_vocab]

    def forward(self, ids_BT: Tensor, cache: KVCache | None = None) -> Forward:
        """Read tokens, after those in ``cache`` if there is one, and add them to it.

        Raises:
            InputError: the cache has no room for them.
        """
        context = self._context(ids_BT, cache)
        x_BTD = self.embed(ids_BT)
        balances = []
        for block in self.blocks:
            x_BTD, balance = block(x_BTD, context)
            balances += [] if balance is None else [balance]
        if cache is not None:
            cache.advance(ids_BT.shape[1])
        return Forward(self.norm(x_BTD), *_summarise(balances, x_BTD))

    def logits(self, hidden: Tensor) -> Tensor:
        """Score every token of the tokenizer: (..., D) -> (..., V), float32."""
        return F.linear(hidden, self.head_weight).float()

    def update_selection_biases(self, loads_ME: Tensor, rate: float) -> None:
        """Move every router's selection bias towards an even load, by ``rate``.

        Call it once per optimizer step with the loads of all its forward passes added up.
        """
        parts = [block.feed_forward for block in self.blocks]
        mixtures = [part for part in parts if isinstance(part, MixtureOfExperts)]
        for mixture, loads_E in zip(mixtures, loads_ME, strict=True):
            mixture.router.update_selection_bias(loads_E, rate)

    def _context(self, ids_BT: Tensor, cache: KVCache | None) -> Context:
        n_tokens = ids_BT.shape[1]
        n_past = 0
        if cache is not None:
            cache.require_room(n_tokens)
            n_past = cache.length
        rotation = self.rotary(n_past, n_past + n_tokens, ids_BT.device)
        mask_TP = None
        if n_past and n_tokens > 1:
            shape = (n_tokens, n_past + n_tokens)
            mask_TP = torch.ones(shape, dtype=torch.bool, device=ids_BT.device).tril(n_past)
        return Context(rotation, n_past == 0, mask_TP, cache)


def _summarise(balances: list[Balance], x_BTD: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean balance loss and the loads of all mixture layers."""
    if not balances:
        return x_BTD.new_zeros((), dtype=torch.float32), x_BTD.new_zeros((0, 0), dtype=torch.int64)
    loss = torch.stack([balance.loss for balance in balances]).mean()
    return loss, torch.stack([balance.loads_E for balance in balances])
