"""Turn tokens into text as they come, holding back what may still change."""

import codecs
from collections.abc import Collection

from alm.errors import ConfigError
from alm.tokenizer import Tokenizer


class TextStream:
    """The text of one continuation, released piece by piece.

    A piece never ends inside a UTF-8 character or inside what may become a stop string; bytes that
    no character begins with become U+FFFD. Control symbols have no text. The pieces joined are the
    same however the text is cut into tokens: all of it up to the stop string that is complete
    first, which is left out.

    Args:
        tokenizer: of the model that writes the tokens.
        stop: strings that end the text.

    Raises:
        ConfigError: see :func:`require_stop_strings`.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Collection[str]) -> None:
        require_stop_strings(stop)
        self.stopped = False
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, token: int) -> str:
        """Take one token and return the text that is now certain."""
        self._held += self._decoder.decode(self._tokenizer.decode_bytes([token]))
        return self._release(keep=True)

    def finish(self) -> str:
        """Return what was held back: no more tokens come. Behind a stop string there is nothing."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(b"", final=True)
        return self._release(keep=False)

    def _release(self, *, keep: bool) -> str:
        ends = [(at + len(stop), at) for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if ends:
            self.stopped = True
            piece, self._held = self._held[: min(ends)[1]], ""
            return piece
        cut = len(self._held) - (self._unsure() if keep else 0)
        piece, self._held = self._held[:cut], self._held[cut:]
        return piece

    def _unsure(self) -> int:
        """Return the length of the longest end of the text that a stop string begins with."""
        longest = max((len(stop) for stop in self._stop), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stop):
                return length
        return 0


def require_stop_strings(stop: Collection[str]) -> None:
    """Refuse what cannot end a text.

    Raises:
        ConfigError: one string is given instead of several, whose letters would be taken, or one
            of them is empty.
    """
    if isinstance(stop, str):
        raise ConfigError(f"expected a list of stop strings, found {stop!r}; put it into a list")
    if "" in stop:
        raise ConfigError("expected stop strings, found an empty one; leave it out")
