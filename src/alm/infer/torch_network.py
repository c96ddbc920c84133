"""Compute a network with torch: the reference, and all there is on a GPU.

Dimensions: B sequences side by side, T tokens, C tokens of a chunk, D d_model, V vocabulary.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from alm.infer.decoder import Decoder
from alm.model import KVCache, Transformer, require_finite

CHUNK = 128  # tokens of a prompt that are read at once, and that are scored at once
SIDE_BY_SIDE = {"cpu": 1}  # sequences scored in one pass: where one fills the device, one
MOST_SIDE_BY_SIDE = 32


class TorchNetwork:
    """A model whose decoders share its weights.

    A matrix product over several rows adds in another order than one over a single row, so shapes
    decide the last bits. Here they are the same whatever else is computed: a prompt is read in
    chunks of 128 tokens counted from its start, and sequences that are continued side by side take
    their steps one after the other.

    Args:
        model: in evaluation mode.
        device: where the model is.
        seq_len: tokens that a decoder has room for.
    """

    alignment = CHUNK

    def __init__(self, model: Transformer, device: str, seq_len: int) -> None:
        self.model = model
        self.device = torch.device(device)
        self.seq_len = seq_len
        self.n_vocab = model.head_weight.shape[0]

    def new_decoder(self) -> "TorchDecoder":
        """Make a decoder; its memory is taken now."""
        return TorchDecoder(self)

    def step(self, decoders: Sequence[Decoder], tokens: Sequence[int]) -> list[Tensor]:
        """Read one token with each decoder, one decoder after the other."""
        return [decoder.step(token) for decoder, token in zip(decoders, tokens, strict=True)]

    def predict(self, sequences: Sequence[Sequence[int]]) -> Iterator[Iterator[Tensor]]:
        """Score what follows every token, without a cache; see :class:`Network`.

        On a GPU up to 32 sequences of like length go side by side, filled up at their ends, which
        changes their scores by rounding.
        """
        size = SIDE_BY_SIDE.get(self.device.type, MOST_SIDE_BY_SIDE)
        for start in range(0, len(sequences), size):
            group = sequences[start : start + size]
            for hidden_TD, ids in zip(self._read(group), group, strict=True):
                yield self._score(hidden_TD[: len(ids)])

    @torch.inference_mode()
    def _read(self, group: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, group))
        rows = [[*ids, *[0] * (longest - len(ids))] for ids in group]
        return self.model(torch.tensor(rows, device=self.device)).hidden_BTD

    def _score(self, hidden_TD: Tensor) -> Iterator[Tensor]:
        for hidden_CD in hidden_TD.split(CHUNK):
            yield score(self.model, hidden_CD)


class TorchDecoder:
    """One sequence in a key/value cache; see :class:`alm.infer.decoder.Decoder`."""

    def __init__(self, network: TorchNetwork) -> None:
        self._model = network.model
        self._device = network.device
        dtype = next(network.model.parameters()).dtype
        shape = network.model.config
        self._cache = KVCache(shape, 1, network.seq_len, dtype, network.device)
        floats = 2 * shape.n_layers * shape.n_kv_heads * shape.d_head * network.seq_len
        self.n_bytes = floats * dtype.itemsize

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        return self._cache.length

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on."""
        self._cache.truncate(length)

    def prefill(self, ids: Sequence[int]) -> Tensor:
        """Read tokens, 128 at once; return the scores of the next."""
        self._cache.require_room(len(ids))
        for start in range(0, len(ids), CHUNK):
            hidden_CD = self._read(ids[start : start + CHUNK])
        return score(self._model, hidden_CD[-1:])[0]

    def step(self, token: int) -> Tensor:
        """Read one token; return the scores of the next."""
        return score(self._model, self._read([token]))[0]

    @torch.inference_mode()
    def _read(self, ids: Sequence[int]) -> Tensor:
        ids_BT = torch.tensor([ids], device=self._device)
        return self._model(ids_BT, self._cache).hidden_BTD[0]


def score(model: Transformer, hidden_CD: Tensor) -> Tensor:
    """Return the scores of what follows each token: logits_CV, float32 on the CPU.

    Raises:
        IntegrityError: one of them is not finite.
    """
    with torch.inference_mode():
        logits_CV = model.logits(hidden_CD).cpu()
    # Out of inference mode: to the caller a tensor like any other.
    return require_finite(logits_CV).clone()
