"""Score deduplication against what the synthetic sources planted."""

from collections import Counter
from typing import Any


class PlantedCount:
    """Count planted copies of one kind, and how many of them were found.

    Args:
        truth: the kind, as the generator's ``meta`` calls it.
    """

    def __init__(self, truth: str) -> None:
        self._truth = truth
        self._planted: Counter[str] = Counter()
        self._found: Counter[str] = Counter()

    def note(self, source: str, meta: dict[str, Any], *, found: bool) -> None:
        """Note a document, and whether it was taken for a copy."""
        if meta.get("truth") == self._truth:
            self._planted[source] += 1
            self._found[source] += found

    def facts(self) -> dict[str, dict[str, float]]:
        """Return planted, found and recall for each source that planted any."""
        return {
            source: {
                "planted": n_planted,
                "found": self._found[source],
                "recall": self._found[source] / n_planted,
            }
            for source, n_planted in self._planted.items()
        }
