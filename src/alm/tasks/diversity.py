"""How much a model repeats itself: beside the very text that its samples stand for.

Distinct-n and repetition fall as texts grow longer, so a sample is compared with what the document
itself says after the same words, both cut to the shorter one's length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from alm.config import SampleConfig
from alm.infer import Engine, Request
from alm.tasks.proportion import Proportion
from alm.tokenizer import Tokenizer

PROMPT_TOKENS = 16
MAX_NEW_TOKENS = 32
MOST_CHARACTERS = 1000  # of a text that are looked at
TRIES = 4  # times as many texts are looked at, to find some that are long enough
ORDERS = (1, 2, 3)
REPEATED_ORDER = 4
LOOPS = 3  # times that the end of a text says the same before it counts as a loop
LEAST_LOOP = 12  # tokens that these times are together; fewer stand in sound text too
Ids = Sequence[int]


def openings(
    texts: Sequence[str], tokenizer: Tokenizer, n: int, seq_len: int
) -> list[tuple[str, list[int]]]:
    """Return the first words of up to ``n`` texts, and the tokens that each goes on with.

    The texts are taken from all over the list. One is passed over if it is too short, or if its
    first tokens would be others alone, as where they end inside a character. None is taken where
    the context has no room for what should follow.
    """
    if seq_len < 1 + PROMPT_TOKENS + MAX_NEW_TOKENS:
        return []
    n_tried = min(TRIES * n, len(texts))
    tried = [texts[i * len(texts) // n_tried][:MOST_CHARACTERS] for i in range(n_tried)]
    found = []
    for text in tried:
        ids = tokenizer.encode(text)
        prompt = tokenizer.decode(ids[:PROMPT_TOKENS])
        if len(ids) > PROMPT_TOKENS and tokenizer.encode(prompt) == ids[:PROMPT_TOKENS]:
            found.append((prompt, ids[PROMPT_TOKENS : PROMPT_TOKENS + MAX_NEW_TOKENS]))
    n_kept = min(n, len(found))
    return [found[i * len(found) // n_kept] for i in range(n_kept)]


def compare_samples(
    engine: Engine, openings: Sequence[tuple[str, list[int]]], config: SampleConfig, seed: int
) -> dict[str, Any]:
    """Sample what follows each opening, and put what it repeats beside the text itself.

    Returns:
        ``n`` texts and their ``tokens``; for the model's ``samples`` and the ``held_out`` text:
        ``distinct`` by order, ``repeated`` and ``loops``, which are of texts. Shares of n-grams
        have no interval: the n-grams of a text are no independent cases.
    """
    limited = replace(config, max_new_tokens=MAX_NEW_TOKENS)
    requests = [
        Request(prompt=prompt, config=limited, seed=seed, sequence=i)
        for i, (prompt, _) in enumerate(openings)
    ]
    said = engine.complete(requests)
    pairs = [_cut(mine.ids, theirs) for mine, (_, theirs) in zip(said, openings, strict=True)]
    samples, held_out = [mine for mine, _ in pairs], [theirs for _, theirs in pairs]
    return {
        "n": len(pairs),
        "tokens": sum(map(len, samples)),
        "samples": describe(samples),
        "held_out": describe(held_out),
    }


def describe(texts: Sequence[Ids]) -> dict[str, Any]:
    """Return what some texts repeat."""
    return {
        "distinct": {str(order): distinct(texts, order) for order in ORDERS},
        "repeated": repeated(texts),
        "loops": Proportion.of(map(ends_in_loop, texts)).as_dict(),
    }


def distinct(texts: Sequence[Ids], order: int) -> float | None:
    """Return the share of all n-grams of some texts that differ from each other; None of none.

    Reference:
        Li et al. 2016 (arXiv:1510.03055), section 5: distinct-n, there over the number of tokens;
        here over that of n-grams, so that 1 is always the most.
    """
    grams = [gram for text in texts for gram in _grams(text, order)]
    return len(set(grams)) / len(grams) if grams else None


def repeated(texts: Sequence[Ids]) -> float | None:
    """Return the share of 4-grams that stand in the same text before; None of none.

    Reference:
        Welleck et al. 2020 (arXiv:1908.04319), section 6: seq-rep-4, there averaged over texts;
        here over n-grams, as texts differ in length.
    """
    grams = [list(_grams(text, REPEATED_ORDER)) for text in texts]
    total = sum(map(len, grams))
    return (total - sum(len(set(each)) for each in grams)) / total if total else None


def ends_in_loop(text: Ids) -> bool:
    """Whether a text ends in the same tokens at least three times, twelve tokens or more."""
    for period in range(1, len(text) // LOOPS + 1):
        length = max(LOOPS * period, LEAST_LOOP)
        tail = text[-length:]
        if length <= len(text) and tail[period:] == tail[:-period]:
            return True
    return False


def _grams(text: Ids, order: int) -> Iterator[tuple[int, ...]]:
    return zip(*(text[i:] for i in range(order)), strict=False)


def _cut(a: Ids, b: Ids) -> tuple[tuple[int, ...], tuple[int, ...]]:
    n = min(len(a), len(b))
    return tuple(a[:n]), tuple(b[:n])
