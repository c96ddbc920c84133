"""What the documents of one source must pass, in the order in which it is tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from alm.config import FilterConfig
from alm.corpus.document import Document
from alm.corpus.filters.decontamination import Passages
from alm.corpus.filters.rules import Breach, Rule, judge, list_rules

CONTAMINATED = "contaminated"
SCORE, NO_SCORE = "score", "score:missing"


@dataclass(frozen=True)
class Requirements:
    """The filters of a source that look at one document at a time."""

    score_min: float | None
    rules: tuple[Rule, ...]
    passages: Passages | None

    @classmethod
    def of(
        cls,
        config: FilterConfig,
        names: Sequence[str],
        score_min: float | None,
        passages: Passages | None,
    ) -> Self:
        """Choose what the source's recipe names."""
        chosen = passages if "decontamination" in names else None
        return cls(score_min, list_rules(config, names), chosen)

    def check(self, documents: Sequence[Document]) -> list[Breach | None]:
        """Return for each document what it is dropped for, None where it passes."""
        broken = judge([document.text for document in documents], self.rules)
        found = self._find_passages(documents)
        return [
            self._check_score(document) or by_rule or by_passage
            for document, by_rule, by_passage in zip(documents, broken, found, strict=True)
        ]

    def _check_score(self, document: Document) -> Breach | None:
        if self.score_min is None:
            return None
        score = document.meta.get("score")
        if isinstance(score, bool) or not isinstance(score, int | float):
            return Breach(NO_SCORE, None, self.score_min)
        return Breach(SCORE, score, self.score_min) if score < self.score_min else None

    def _find_passages(self, documents: Sequence[Document]) -> list[Breach | None]:
        if self.passages is None:
            return [None] * len(documents)
        counts = self.passages.count_in([each.text.encode("utf-8") for each in documents])
        return [Breach(CONTAMINATED, int(n), 0) if n else None for n in counts]
