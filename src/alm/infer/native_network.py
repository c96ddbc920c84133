"""An int8 network computed by the C program, as the engine asks for it.

Dimensions: T tokens, C tokens of a piece, V tokens of the vocabulary.
"""

from collections.abc import Iterator, Sequence

from torch import Tensor

from alm.infer.native import NativeDecoder

PIECE = 128  # tokens that are scored at once: memory has a bound


class NativeNetwork:
    """Int8 weights in the C program, and sequences that are read with them.

    Each token has the same bits however a text is cut and whatever is read beside it, so any
    beginning can be shared, and sequences take their steps in one call that reads the weights once.

    Args:
        program: the weights, opened.
    """

    alignment = 1

    def __init__(self, program: NativeDecoder) -> None:
        self.program = program
        self.n_vocab = program.n_vocab

    def new_decoder(self) -> "NativeSequence":
        """Make a decoder with room for as many tokens as the model was trained to see."""
        return NativeSequence(self.program)

    def step(self, decoders: Sequence["NativeSequence"], tokens: Sequence[int]) -> list[Tensor]:
        """Read one token with each decoder, all in one call."""
        caches = [decoder.cache for decoder in decoders]
        return list(self.program.step(tokens, caches))

    def predict(self, sequences: Sequence[Sequence[int]]) -> Iterator[Iterator[Tensor]]:
        """Score what follows every token, one sequence after the other."""
        return map(self._predict_one, sequences)

    def _predict_one(self, ids: Sequence[int]) -> Iterator[Tensor]:
        cache = self.program.new_cache(len(ids))
        for start in range(0, len(ids), PIECE):
            yield self.program.score(ids[start : start + PIECE], cache)


class NativeSequence:
    """One sequence and its keys and values; see :class:`alm.infer.decoder.Decoder`."""

    def __init__(self, program: NativeDecoder) -> None:
        self._program = program
        self.cache = program.new_cache(program.n_positions)
        shape = program.config
        # Keys and values, float32; a few positions and columns more, which make whole vectors.
        numbers = 2 * shape.n_layers * shape.n_kv_heads * shape.d_head * program.n_positions
        self.n_bytes = 4 * numbers

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        return self.cache.length

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on."""
        self.cache.truncate(length)

    def prefill(self, ids: Sequence[int]) -> Tensor:
        """Read tokens; return the scores of the next."""
        return self._program.prefill(ids, self.cache)

    def step(self, token: int) -> Tensor:
        """Read one token; return the scores of the next."""
        return self._program.prefill([token], self.cache)
