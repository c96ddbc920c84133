"""Who takes part in a contest of speaking, and what each turn has to answer."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

NATIVE, PORTABLE, EAGER = "alm, int8", "alm, int8 in plain C", "alm, float32 in torch"
TRANSFORMERS, LLAMA_CPP = "transformers, float32", "llama.cpp, Q8_0"
SIDES = (NATIVE, PORTABLE, EAGER, TRANSFORMERS, LLAMA_CPP)


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """One way to continue a prompt, batch 1, greedily."""

    side: str
    model: str
    """A shape in ``configs/models``."""
    threads: int
    bundle: str
    """Directory with its weights in every form."""
    n_prompt: int
    """Tokens before the new ones."""
    n_new: int
    n_long: int
    """Tokens of the prompt that is only read."""

    def to_json(self) -> str:
        """Return this in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(**json.loads(line))

    def prompt(self, n_tokens: int) -> list[int]:
        """Return tokens that are all learnt pieces, and no two neighbours alike."""
        return [300 + 7 * i % 701 for i in range(n_tokens)]


def answer(first: float, others: float, long: float) -> dict[str, Any]:
    """Return what a turn says, in seconds.

    Args:
        first: from the prompt to the first new token.
        others: of all new tokens behind it.
        long: from the long prompt to its first new token.
    """
    return {"seconds": first + others + long, "first": first, "others": others, "long": long}
