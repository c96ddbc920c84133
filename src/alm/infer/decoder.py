"""What the engine asks of whatever computes a network: the torch one, or a native one.

Dimensions: T tokens, V tokens of the vocabulary.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor


class Decoder(Protocol):
    """One sequence being read: the tokens so far, and the scores of the next.

    Scores depend on the tokens and on how they were cut into calls, never on the decoder's past:
    not on what it read before it was truncated, nor on other decoders.
    """

    @property
    def length(self) -> int:
        """Tokens read and not forgotten."""

    @property
    def n_bytes(self) -> int:
        """Memory that the decoder keeps, used or not."""

    def truncate(self, length: int) -> None:
        """Forget all tokens from position ``length`` on; 0 makes it as good as new."""

    def prefill(self, ids: Sequence[int]) -> Tensor:
        """Read several tokens, at least one; return the scores of the next.

        Shape:
            logits_V, float32 on the CPU, the caller's to keep.

        Raises:
            InputError: there is no room for them.
            IntegrityError: a score is not finite.
        """

    def step(self, token: int) -> Tensor:
        """Read one token; otherwise as :meth:`prefill`."""


class Network(Protocol):
    """Weights, and the decoders that read with them; all of these may be in use in turn."""

    @property
    def n_vocab(self) -> int:
        """Tokens that are scored (V)."""

    @property
    def alignment(self) -> int:
        """Tokens that are best read together (A).

        Scores are the same bits whether a prompt is read at once or in calls cut at multiples of A;
        1 where any cut will do, steps of one token among them.
        """

    def new_decoder(self) -> Decoder:
        """Make a decoder that has read nothing, with room for a whole context."""

    def step(self, decoders: Sequence[Decoder], tokens: Sequence[int]) -> list[Tensor]:
        """Read one token with each decoder; each gets the bits that its own ``step`` gives."""

    def predict(self, sequences: Sequence[Sequence[int]]) -> Iterator[Iterator[Tensor]]:
        """Score what follows every token of each sequence, without keeping anything.

        Yields:
            For each sequence, pieces of logits_TV, float32 on the CPU, in order; their rows
            together are as many as the sequence has tokens. Use up one sequence before the next.
        """
