"""What was read before is not read again: decoders are kept for prompts that begin alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from alm.infer.decoder import Decoder, Network
from alm.infer.draft import Draft

MAX_BYTES = 1 << 28  # of idle decoders; one is kept whatever its size
MAX_IDLE = 16  # so that looking through them costs little


@dataclass(frozen=True)
class Idle:
    """A decoder that nobody uses, and the tokens at its start that a prompt may share."""

    decoder: Decoder
    ids: tuple[int, ...]

    def shared(self, ids: Sequence[int]) -> int:
        """Return how many tokens both begin with."""
        pairs = zip(self.ids, ids, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class PrefixCache:
    """Read prompts, each from where it leaves what an idle decoder has read before.

    Nothing that is said depends on it, not even in the last bit: only such tokens are shared as
    were read in calls cut where they would be cut now, at multiples of the network's alignment.

    Idle decoders, 16 at most, are kept in the order in which they became idle. A prompt takes one
    over where more than half of what that one holds begins the prompt, or where it holds nothing;
    else a new one while there is room for it; else the oldest.

    Args:
        network: makes the decoders.
        max_bytes: memory of idle decoders; the newest is kept in any case.
    """

    def __init__(self, network: Network, max_bytes: int = MAX_BYTES) -> None:
        self.network = network
        self.max_bytes = max_bytes
        self._idle: list[Idle] = []

    @property
    def n_bytes(self) -> int:
        """Memory of the idle decoders."""
        return sum(idle.decoder.n_bytes for idle in self._idle)

    def read(self, ids: Sequence[int]) -> Draft:
        """Read a prompt, at least its last token."""
        idle = self._take(ids)
        known = self._align(min(idle.shared(ids), len(ids) - 1))
        idle.decoder.truncate(known)
        logits_V = idle.decoder.prefill(ids[known:])
        return Draft(idle.decoder, list(ids), len(ids), logits_V)

    def keep(self, draft: Draft) -> None:
        """Take a decoder that is not used any more; forget the oldest beyond ``max_bytes``."""
        read = draft.ids[: draft.decoder.length]
        n_alike = len(read) if self.network.alignment == 1 else self._align(draft.n_prompt)
        self._idle.append(Idle(draft.decoder, tuple(read[:n_alike])))
        while len(self._idle) > 1 and self._is_full(0):
            self._idle.pop(0)

    def _take(self, ids: Sequence[int]) -> Idle:
        shared = [idle.shared(ids) for idle in self._idle]
        alike = [
            i for i, idle in enumerate(self._idle) if not idle.ids or 2 * shared[i] > len(idle.ids)
        ]
        if alike:
            return self._idle.pop(max(alike, key=lambda i: (shared[i], i)))
        if self._idle and self._is_full(1):
            return self._idle.pop(0)
        return Idle(self.network.new_decoder(), ())

    def _is_full(self, n_more: int) -> bool:
        """Whether there are too many decoders with ``n_more``, each as large as the oldest."""
        n_bytes = self.n_bytes + n_more * self._idle[0].decoder.n_bytes
        return n_bytes > self.max_bytes or len(self._idle) + n_more > MAX_IDLE

    def _align(self, length: int) -> int:
        return length - length % self.network.alignment
