"""The synthetic source: document i is a function of (seed, source, i), with the truth about it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from alm.config import SyntheticSource
from alm.corpus.sources.reader import Items, Notes, Reader, Span
from alm.corpus.sources.record import Origin, Record
from alm.corpus.sources.synthetic.arithmetic import pose_sum
from alm.corpus.sources.synthetic.draws import Draws, key_of
from alm.corpus.sources.synthetic.echoes import echo
from alm.corpus.sources.synthetic.junk import make_junk
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.recall import state_facts
from alm.corpus.sources.synthetic.stories import tell_story
from alm.errors import ConfigError

TASKS = {"stories": tell_story, "arithmetic": pose_sum, "recall": state_facts}
MILLION = 1_000_000  # rates are counted in millionths: integers, the same everywhere
SPAN_DOCS = 2000
TRIES = 32  # to find a clean earlier document; then the document is a clean one itself


class Truth(StrEnum):
    """What a generated document is."""

    CLEAN = "clean"
    EXACT = "exact_duplicate"
    NEAR = "near_duplicate"
    JUNK = "junk"


class SyntheticReader(Reader):
    """Generate the documents of one task.

    ``meta`` holds the truth: what the document is, of which one it is a copy, and the prompt and
    answer where it poses a question.

    Raises:
        ConfigError: the rates of copies and junk leave no room for anything else.
    """

    guarded = False

    def __init__(self, source: SyntheticSource, origin: Origin) -> None:
        self._source = source
        self._make = TASKS[source.task]
        self._texts = key_of(origin.seed, f"{source.name}/texts")
        self._plans = key_of(origin.seed, f"{source.name}/plans")
        rates = (source.exact_duplicates, source.near_duplicates, source.junk)
        self._rates = tuple(round(rate * MILLION) for rate in rates)
        if sum(self._rates) >= MILLION:
            raise ConfigError(
                f"source {source.name!r}: expected exact_duplicates, near_duplicates and junk to "
                f"add up to less than 1, found {sum(rates):.6g}; lower them"
            )

    def digest(self) -> None:
        """There is no input: the recipe and the seed say it all."""

    def spans(self) -> list[Span]:
        """Cut the numbers of the documents into ranges."""
        n_docs = self._source.n_docs
        starts = range(0, n_docs, SPAN_DOCS)
        return [Span(start, min(start + SPAN_DOCS, n_docs)) for start in starts]

    def read(self, span: Span, notes: Notes) -> Items:  # noqa: ARG002
        """Yield the documents of a range."""
        yield from map(self.document, range(span.start, span.stop))

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:  # noqa: ARG002
        """There is nothing to say that the recipe does not."""
        return {}

    def document(self, number: int) -> Record:
        """Return one document, without making those before it."""
        kind, of = self._plan(number)
        passage = self._passage(kind, number, of)
        meta = {"task": self._source.task, "truth": str(kind), **passage.truth}
        if of is not None:
            meta["of"] = self._name(of)
        return Record(self._name(number), passage.text, meta, self._name(number))

    def _plan(self, number: int) -> tuple[Truth, int | None]:
        """Return what a document is to be, and of which one it is a copy."""
        draws = Draws.of_document(self._plans, number)
        kind = self._kind(draws)
        if kind in (Truth.CLEAN, Truth.JUNK) or number == 0:
            return (kind if kind == Truth.JUNK else Truth.CLEAN), None
        for _ in range(TRIES):
            of = draws.below(number)
            if self._kind(Draws.of_document(self._plans, of)) == Truth.CLEAN:
                return kind, of
        return Truth.CLEAN, None

    def _kind(self, draws: Draws) -> Truth:
        roll = draws.below(MILLION)
        for kind, rate in zip((Truth.EXACT, Truth.NEAR, Truth.JUNK), self._rates, strict=True):
            if roll < rate:
                return kind
            roll -= rate
        return Truth.CLEAN

    def _passage(self, kind: Truth, number: int, of: int | None) -> Passage:
        if kind == Truth.JUNK:
            return make_junk(Draws.of_document(self._texts, number))
        if of is None:
            return self._clean(number)
        original = self._clean(of)
        if kind == Truth.EXACT:
            return original
        return echo(original, Draws.of_document(self._texts, number))

    def _clean(self, number: int) -> Passage:
        return self._make(Draws.of_document(self._texts, number))

    def _name(self, number: int) -> str:
        return f"{self._source.name}-{number}"
