"""How many pieces a vocabulary has: as many as asked for, or as many as the text is enough for."""

import re
from collections.abc import Callable
from typing import NamedTuple, Self

from alm.errors import ConfigError

WHERE = "tokenizer.vocab_size in params.yaml (a corpus overrides it under corpora.<name>.tokenizer)"
SMALLEST = 320  # what the configuration admits
SMALLEST_AUTO = 512
BYTES_PER_PIECE = 1024
TRIALS = 4  # too many pieces for the text, too few for its characters, again too many, right

_TOO_LARGE = re.compile(r"Please set it to a value <= (\d+)")
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")


class Misfit(NamedTuple):
    """Why SentencePiece gives no vocabulary of some size."""

    most: int | None
    """Pieces that the text yields, where more were asked for."""
    least: int | None
    """Pieces that its characters need, where fewer were asked for."""

    @classmethod
    def read(cls, message: str) -> Self:
        """Read what SentencePiece says about it.

        Raises:
            ConfigError: it is not about the size.
        """
        most, least = _TOO_LARGE.search(message), _TOO_SMALL.search(message)
        if not most and not least:
            raise ConfigError(f"SentencePiece cannot train with these parameters: {message}")
        return cls(int(most[1]) if most else None, int(least[1]) if least else None)

    def explain(self, size: int | str) -> ConfigError:
        """Return the error that says what to do about it."""
        asked = f"tokenizer.vocab_size is {size}"
        if self.most is not None:
            cure = f", or set {self.most} or less, or auto, as {WHERE}"
            return ConfigError(
                f"{asked}, but this text yields at most {self.most} pieces; add text"
                f"{cure if self.most >= SMALLEST else ''}"
            )
        return ConfigError(
            f"{asked}, but the characters of this text need {self.least}; set that or more as "
            f"{WHERE}, or lower tokenizer.character_coverage"
        )


def find_size(train: Callable[[int], bytes | Misfit], n_bytes: int, max_size: int) -> bytes:
    """Return the model of the size that ``vocab_size: auto`` comes to.

    It is the largest power of two up to ``max_size`` for which there is 1 KiB of text a piece, but
    512 at least. Where the characters of the text need more pieces, it is the next power of two
    that they fit into. Where the text yields fewer pieces, it is the largest power of two that it
    does yield, or all that it yields where that is below 512 or below what its characters need.

    Args:
        train: returns the model of a size, or why there is none.
        n_bytes: size of the text in UTF-8.
        max_size: largest size to take, 512 or more.

    Raises:
        ConfigError: the characters need more than ``max_size``, or the text yields too little.
    """
    size = power_below(max(min(max_size, n_bytes // BYTES_PER_PIECE), SMALLEST_AUTO))
    least = SMALLEST_AUTO
    for _ in range(TRIALS):
        found = train(size)
        if not isinstance(found, Misfit):
            return found
        least = found.least or least
        size = _fit(found, least, max_size)
    raise ConfigError(f"no vocabulary of {size} pieces fits this text; set a number as {WHERE}")


def power_below(n: int) -> int:
    """Return the largest power of two that is not above ``n``."""
    return 1 << n.bit_length() - 1


def _fit(found: Misfit, least: int, max_size: int) -> int:
    """Return the size to try after one that did not fit."""
    if found.most is None:
        size = 1 << (least - 1).bit_length()
        if size > max_size:
            raise ConfigError(
                f"tokenizer.max_vocab_size is {max_size}, but the characters of this text need "
                f"{least}; set {size} or more, or lower tokenizer.character_coverage"
            )
        return size
    if found.most < SMALLEST:
        raise found.explain("auto")
    power = power_below(found.most)
    return power if power >= least else found.most
