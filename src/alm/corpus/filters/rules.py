"""Rules: a limit on a feature, and which rule a text breaks first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from alm.config import FilterConfig
from alm.corpus.filters.features import measure


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit; a text that has just that much passes."""

    rule_set: str
    """Name of the set, as recipes list it."""
    feature: str
    limit: float
    is_minimum: bool

    @classmethod
    def of_field(cls, rule_set: str, name: str, limit: float) -> Self:
        """Read a field of a set: ``min_`` or ``max_``, then the feature."""
        bound, _, feature = name.partition("_")
        assert bound in ("min", "max")
        return cls(rule_set, feature, limit, bound == "min")

    @property
    def reason(self) -> str:
        """What a drop is counted under."""
        return f"{self.rule_set}:{self.feature}"

    def is_broken(self, values: np.ndarray) -> np.ndarray:
        """Tell which values of the feature break it: bool."""
        return values < self.limit if self.is_minimum else values > self.limit


@dataclass(frozen=True, slots=True)
class Breach:
    """Why a text is dropped: the rule, and what was found."""

    reason: str
    found: float | None
    """None where there is nothing to compare."""
    limit: float


def list_rules(config: FilterConfig, names: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of some sets, always in the same order: by set, then by field.

    Names of other filters are passed over.
    """
    limits = {
        "coherent": config.coherent,
        "gopher_quality": config.gopher_quality,
        "gopher_repetition": config.gopher_repetition,
        "c4": config.c4,
        "fineweb": config.fineweb,
        "script": config.script,
    }
    chosen = [(name, limits[name]) for name in limits if name in frozenset(names)]
    return tuple(
        Rule.of_field(name, field.name, getattr(section, field.name))
        for name, section in chosen
        for field in fields(section)
    )


def judge(texts: Sequence[str], rules: Sequence[Rule]) -> list[Breach | None]:
    """Return for each text the first rule that it breaks, None where it passes them all.

    Time is linear in the bytes of the texts but for the sorting of repeated words. Texts are
    measured together, so hand over some hundred kilobytes at a time (``BUFFER_BYTES``); what comes
    out for a text does not depend on its neighbours.
    """
    breaches: list[Breach | None] = [None] * len(texts)
    if not texts or not rules:
        return breaches
    features = measure(texts, dict.fromkeys(rule.feature for rule in rules))
    for rule in reversed(rules):  # so that the first one stays
        values = features[rule.feature]
        for i in np.flatnonzero(rule.is_broken(values)):
            breaches[i] = Breach(rule.reason, float(values[i]), rule.limit)
    return breaches
