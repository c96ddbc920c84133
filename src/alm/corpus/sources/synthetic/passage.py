"""What a task of the synthetic corpus makes: a text, and what is true of it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Passage:
    """One generated text.

    Where it poses a question, ``truth`` holds ``prompt`` and ``answer``: the text begins with the
    prompt and ends with ``Answer: `` and the answer.
    """

    text: str
    truth: dict[str, Any]
