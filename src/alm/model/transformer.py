"""The whole network: embedding, blocks, a last norm, and the matrix back to the vocabulary.

Dimensions: B batch, T tokens, D d_model, V rows of the output matrix in use, M mixture layers,
E experts.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from alm.config import ModelConfig
from alm.errors import ConfigError
from alm.model.attention import Attention
from alm.model.cache import KVCache
from alm.model.context import Context, Contexts
from alm.model.feed_forward import FeedForward
from alm.model.moe import MixtureOfExperts
from alm.model.norm import RMSNorm
from alm.model.projection import Embedding, Projection
from alm.model.recompute import keep, recompute
from alm.model.router import Routing
from alm.model.usage import Usage, collect_usage


class Forward(NamedTuple):
    """What one pass over the tokens gives."""

    hidden_BTD: Tensor  # after the last norm, in the dtype of the activations
    usage: Usage  # of the experts


class Block(nn.Module):
    """One layer: attention, then a feed-forward or a mixture, each added to what it read.

    Shape:
        x_BTD -> (B, T, D), and where the tokens went if there are experts.

    Reference:
        Xiong et al. 2020 (arXiv:2002.04745), figure 1b: the norm before each part.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.d_model, config.norm_eps)
        if config.moe and layer >= config.moe.n_dense_layers:
            self.feed_forward = MixtureOfExperts(config.d_model, config.moe)
        else:
            self.feed_forward = FeedForward(config.d_model, config.d_ff)

    def forward(
        self, x_BTD: Tensor, context: Context, recomputes: bool
    ) -> tuple[Tensor, Routing | None]:
        """Apply the layer; with ``recomputes``, keep what enters its two parts and the routing."""
        run = recompute if recomputes else keep
        x_BTD = x_BTD + run(lambda x: self._attend(x, context), x_BTD)
        if isinstance(self.feed_forward, MixtureOfExperts):
            normed_BTD = self.feed_forward_norm(x_BTD)
            y_BTD, routing = self.feed_forward(normed_BTD, context.is_token_BT, run)
            return x_BTD + y_BTD, routing
        return x_BTD + run(self._feed_forward, x_BTD), None

    def _attend(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self.attention(self.attention_norm(x_BTD), context)

    def _feed_forward(self, x_BTD: Tensor) -> Tensor:
        return self.feed_forward(self.feed_forward_norm(x_BTD))


class Transformer(nn.Module):
    """A decoder-only language model.

    Its weights are zero until ``init_weights`` or a checkpoint fills them. Set ``recompute`` to
    train in less memory and a third more time: the backward pass computes the parts of each block
    again, with the same bits, but never the routing.

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
        self.recompute = False
        self.embed = Embedding(config.vocab_size, config.d_model)
        self.contexts = Contexts(config)
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

    def forward(
        self,
        ids_BT: Tensor,
        cache: KVCache | None = None,
        documents_BT: Tensor | None = None,
        is_token_BT: Tensor | None = None,
    ) -> Forward:
        """Read tokens, after those in ``cache`` if there is one, and add them to it.

        With ``documents_BT``, the number of each token's document, a token attends to its own
        document only. ``is_token_BT`` says what the usage is of: all where it is None.

        Raises:
            InputError: the cache has no room for them.
            ValueError: there are both a cache and documents, which the cache does not know of.
        """
        contexts = self.contexts.read(ids_BT, cache, documents_BT, is_token_BT)
        x_BTD = self.embed(ids_BT)
        routings = []
        recomputes = self.recompute and cache is None
        for block, context in zip(self.blocks, contexts, strict=True):
            x_BTD, routing = block(x_BTD, context, recomputes)
            routings += [] if routing is None else [routing]
        if cache is not None:
            cache.advance(ids_BT.shape[1])
        return Forward(self.norm(x_BTD), collect_usage(routings, x_BTD.device))

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
