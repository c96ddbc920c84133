"""Rules of quality and repetition: alm and datatrove, both with the thresholds of Gopher."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.text import split_into_parts
from documents import count_megabytes
from race import Race, Runner

from alm.config import CorpusParams
from alm.corpus.filters import BUFFER_BYTES, judge, list_rules

RULE_SETS = ("gopher_quality", "gopher_repetition")
PLACES = [f"datatrove.pipeline.filters.gopher_{each}_filter" for each in ("quality", "repetition")]


def race_filters(texts: list[str]) -> Race:
    """Judge texts: alm measures every feature of all of them, datatrove stops at the first rule.

    They take words differently: alm what stands between spaces, datatrove what spaCy's blank
    English tokenizer gives, which parts punctuation; code then has too few words with a letter.
    The last runner is datatrove with words as alm has them.
    """
    rules = list_rules(CorpusParams.load("stdlib").filter, RULE_SETS)
    documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]

    def ours() -> list[bool]:
        return [breach is None for batch in _batches(texts) for breach in judge(batch, rules)]

    def check(found: list[bool]) -> str:
        return f"{sum(found):,} of {len(found):,} kept"

    def compare(found: list[bool]) -> str:
        agreed = sum(one == other for one, other in zip(found, ours(), strict=True))
        return f"{check(found)}, {100 * agreed / len(found):.1f} % of verdicts as alm's"

    runners = [
        Runner("alm", ours, check, is_ours=True),
        Runner("datatrove, as it is", _judge_by_datatrove(documents), compare, _forget_words),
        Runner(
            "datatrove, words split at spaces",
            _split_at_spaces(_judge_by_datatrove(documents)),
            compare,
        ),
    ]
    return Race("Gopher's rules", count_megabytes(texts), "MB", runners)


def _judge_by_datatrove(documents: list[Document]) -> Callable[[], list[bool]]:
    """Return what tells which documents pass both filters, the second asked where the first does.

    datatrove keeps the words of the last texts, so that they are made once for both.
    """
    filters = [GopherQualityFilter(), GopherRepetitionFilter()]
    return lambda: [all(each.filter(one) is True for each in filters) for one in documents]


def _forget_words() -> None:
    split_into_parts.cache_clear()


def _split_at_spaces(judge_all: Callable[[], list[bool]]) -> Callable[[], list[bool]]:
    def run() -> list[bool]:
        with (
            patch(f"{PLACES[0]}.split_into_words", lambda text, _: text.split()),
            patch(f"{PLACES[1]}.split_into_words", lambda text, _: text.split()),
        ):
            return judge_all()

    return run


def _batches(texts: list[str]) -> Iterator[list[str]]:
    """Yield texts in runs of about ``BUFFER_BYTES``, as stage filter does."""
    batch: list[str] = []
    held = 0
    for text in texts:
        batch.append(text)
        held += len(text)
        if held >= BUFFER_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
