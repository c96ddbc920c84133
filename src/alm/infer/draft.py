"""A text in the making, as tokens."""

from dataclasses import dataclass, replace

from torch import Tensor

from alm.infer.decoder import Decoder


@dataclass
class Draft:
    """Tokens so far, and the decoder that has read all of them but the newest few."""

    decoder: Decoder
    ids: list[int]
    n_prompt: int
    logits_V: Tensor
    """Scores of what follows the tokens that were read."""

    @property
    def unread(self) -> bool:
        """Whether the newest token waits to be read."""
        return self.decoder.length < len(self.ids)

    @property
    def n_new(self) -> int:
        """Tokens behind the prompt."""
        return len(self.ids) - self.n_prompt

    def restart(self) -> "Draft":
        """Return a draft of the prompt alone; the decoder forgets what it read behind it."""
        self.decoder.truncate(self.n_prompt)
        return replace(self, ids=self.ids[: self.n_prompt])
