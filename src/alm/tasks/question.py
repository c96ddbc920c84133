"""A question whose answer is known, and how text of it is written."""

from dataclasses import dataclass

OPTIONS = 4  # answers that a choice is between


@dataclass(frozen=True, kw_only=True)
class Question:
    """A prompt, the text that should follow it, and texts of the same kind that should not.

    An answer ends with the mark that ends it in the text (a newline, a full stop), so that one
    answer is never the beginning of another.
    """

    prompt: str
    answer: str
    others: tuple[str, ...]
    """``OPTIONS - 1`` wrong answers, different from each other."""
    chance: float
    """Probability that a guess among all answers of the right form is right."""
    fact: str | None = None
    """The line that is complete with the answer; whoever has read it need not work it out."""
